// The judge: compares how long each ready G waited until it ran with a bound. It learns of the waits from the events of
// the watched process.
//
// §1 The bound. A ready G runs within (number ready ÷ Ps + 2) slices. Each G before it in the queues may have a slice of its
// own, and the Ps work in parallel. The two slices more are for the Gs that run when the G becomes ready, and for rounding.
// The number ready is the largest number of Gs that were runnable or preempted at any moment of the wait. It must include Gs
// that become ready later, because the rules let some of them run first: a fresh G goes before a G that has used up its slice.
// A G that never gets a turn is found all the same: three Gs that become ready again and again count as three, however long
// the G waits. So the bound does not grow with the wait.
//
// §2 Where the lengths of waits come from. The event by which a G starts or resumes says how long it was ready, so the event
// at the beginning of the wait need not have been seen. A late timer (`timerLate`) makes the wait of its G longer by its
// delay, since the G could have run when the timer was due. No event tells when a descriptor became ready. So the watcher
// writes to pipes itself, and looks how long the bytes lie there (Feeder.swift). Waits that have not ended are found in the
// table of Gs, by RunnableScan: a G that is found with the same status twice has not moved in between.
//
// §3 What is not judged. Of a wait, only the part after the last loss of events counts, since the number ready is unknown
// before. The time for which threads lacked a CPU is subtracted (Scarcity §2). Times without a poll (`netpollLate`) are only
// shown, not judged: meanwhile another thread may have waited in the kernel, and it would have seen a ready descriptor at once.
import Inspector
import Region

/// The time from the moment at which a G became ready until it ran.
struct Wait {
  let g: UInt64
  let what: String
  let start: UInt64
  let end: UInt64
}

struct Judge {
  /// The results for the waits of one kind.
  struct Row {
    var spread = Spread()
    /// The largest ratio of a wait to its bound.
    var worst = 0.0
  }

  struct Violation {
    let wait: Wait
    let ready: Int
    let excused, bound: UInt64
  }

  /// The shortest wait that is compared with the bound, in nanoseconds.
  private static let short: UInt64 = 1_000_000

  private struct Known {
    var entry: String
    /// The event by which the G last became ready, in words.
    var how: String
    /// How late the timer was that readied the G, in nanoseconds; 0: no timer was late.
    var late: UInt64 = 0
  }

  private let procs: Int
  private let slack: Double
  private let slice: UInt64 = 10_000_000
  /// The G with id 1, main, is known from the start: it is created before the watcher can read events.
  private var gs: [UInt64: Known] = [1: Known(entry: "main", how: "its creation")]
  private var ended: [Wait] = []
  private(set) var rows: [String: Row] = [:]
  private(set) var ready = ReadyCount()
  /// Events before this moment may be missing, so no wait before it is judged.
  private var knownSince: UInt64 = 0
  private(set) var violations = 0

  init(procs: Int, slack: Double) { (self.procs, self.slack) = (procs, slack) }

  /// The name of a G's entry point, without its place in the source code.
  func name(of g: UInt64) -> String { gs[g]?.entry ?? "?" }

  // MARK: events

  /// Takes the next event in order of time. `time` is the event's own, in nanoseconds.
  mutating func take(_ record: Record, at time: UInt64, _ inspector: Inspector) {
    switch record.kind {
    case .goCreate:
      let name = inspector.name(record.count) ?? "?"
      let entry = String(name.prefix { $0 != " " })
      gs[record.g] = Known(entry: entry.hasSuffix(")") ? "main" : entry, how: "its creation")
      ready.change(by: 1, at: time)
    case .goReady:
      gs[record.g]?.how = WaitReason(rawValue: record.detail).map { "\($0)" } ?? "a wait"
      ready.change(by: 1, at: time)
    case .goYield: becameReady(record, "yield", time)
    case .goPreempt: becameReady(record, "being stopped", time)
    case .goSyscallExit where record.detail == 0: becameReady(record, "a call", time)
    case .goStart, .goResume: started(record, at: time, inspector)
    case .goExit: gs[record.g] = nil
    case .timerLate: gs[record.g]?.late = inspector.nanoseconds(lasting: record.arg)
    case .netpollLate:
      let late = inspector.nanoseconds(lasting: record.arg)
      rows["times without a poll", default: Row()].spread.add(late)
    default: break
    }
  }

  private mutating func becameReady(_ record: Record, _ how: String, _ time: UInt64) {
    gs[record.g]?.how = how
    ready.change(by: 1, at: time)
  }

  private mutating func started(_ record: Record, at time: UInt64, _ inspector: Inspector) {
    ready.change(by: -1, at: time)
    let waited = inspector.nanoseconds(lasting: record.arg)
    let known = gs[record.g]
    // The timer readied the G for this wait only, so its delay must not count for later ones.
    if known?.late ?? 0 != 0 { gs[record.g]?.late = 0 }
    let start = time - min(time, waited + (known?.late ?? 0))
    end(Wait(g: record.g, what: what(known), start: start, end: time))
  }

  private func what(_ known: Known?) -> String { known.map { "\($0.entry) after \($0.how)" } ?? "unknown" }

  /// Describes the wait of a G that has not started yet: its entry point, and the event by which it became
  /// ready.
  func what(_ g: UInt64) -> String { what(gs[g]) }

  mutating func end(_ wait: Wait) {
    rows[wait.what, default: Row()].spread.add(wait.end - wait.start)
    if wait.end - wait.start > Self.short { ended.append(wait) }
  }

  // MARK: known facts

  /// Notes that events before `time` were lost, so no wait before it is judged any more.
  mutating func lose(until time: UInt64) { knownSince = max(knownSince, time) }

  /// Sets the number of Gs that are ready now, according to the gauges.
  mutating func correct(ready gs: Int) { ready.correct(gs) }

  mutating func advance(to time: UInt64) { ready.advance(toTime: time) }

  // MARK: the bound

  /// Judges the waits that ended before `time`.
  mutating func judge(before time: UInt64, _ scarcity: Scarcity, _ tell: (Violation) -> Void) {
    let due = ended.filter { $0.end < time }
    guard !due.isEmpty else { return }
    ended.removeAll { $0.end < time }
    for wait in due { judge(wait, scarcity, tell) }
  }

  /// Judges one wait, which may still go on.
  mutating func judge(_ wait: Wait, _ scarcity: Scarcity, _ tell: (Violation) -> Void) {
    let start = max(wait.start, knownSince)
    guard knownSince != 0, wait.end > start + Self.short else { return }
    let ready = ready.most(from: start, to: wait.end)
    let excused = min(wait.end - start, scarcity.excuse(from: start, to: wait.end))
    let bound = slice * UInt64(ready) / UInt64(procs) + 2 * slice
    let part = Double(wait.end - start - excused) / Double(bound)
    if part > rows[wait.what]?.worst ?? 0 { rows[wait.what, default: Row()].worst = part }
    guard part > slack else { return }
    violations += 1
    tell(Violation(wait: wait, ready: ready, excused: excused, bound: bound))
  }
}
