// The bound, held against every wait that the events tell of.
//
// §1 The bound. Whatever is ready runs within (number ready ÷ Ps + 2) slices. Everybody before it in the queues may have a
// slice of its own, one P after the other; the two more are for those that run when it comes, and for rounding. The number
// is the most that were ready, runnable or preempted, at any time of the wait: those that come later may have to be let
// in first (a fresh wake-up before one that used its slice up), so counting only those that were there would forbid what
// is meant. A G that is never let in is found all the same, since the number is not the time: three Gs that come again and
// again are three.
//
// §2 Where a wait is told. The event by which a G starts, or goes on, says how long it was ready; so a wait does not depend
// on the event at its beginning having been seen. A timer that was late (`timerLate`) makes the wait of its G longer by as
// much, for the G was ready when the timer was due. When a descriptor was ready nobody tells; so this process writes to
// pipes and looks how long it lies there (Feeder.swift). Waits that have not ended are found in the table of Gs, by
// RunnableScan: who is found with the same status twice has not moved in between.
//
// §3 What is not judged. A wait is cut to what lies behind the last loss of events, since the number ready is unknown before.
// What the threads lacked of CPUs is taken off (Scarcity §2). Times between polls (`netpollLate`) are only shown: a thread
// that waited in the kernel meanwhile would have seen everything, and the event may come from another that was quicker.
import Inspector
import Region

/// A wait for a turn.
struct Wait {
  let g: UInt64
  let what: String
  let start: UInt64
  let end: UInt64
}

struct Judge {
  /// What came of the waits of one kind.
  struct Row {
    var spread = Spread()
    /// The worst part of the bound, and its wait.
    var worst = 0.0
  }

  struct Violation {
    let wait: Wait
    let ready: Int
    let excused, bound: UInt64
  }

  /// Shorter waits are not worth a look at the bound.
  private static let short: UInt64 = 1_000_000

  private struct Known {
    var entry: String
    /// How it came to be ready, and how late a timer was for that.
    var how: String
    var late: UInt64 = 0
  }

  private let procs: Int
  private let slack: Double
  private let slice: UInt64 = 10_000_000
  /// The first G is there before one can look.
  private var gs: [UInt64: Known] = [1: Known(entry: "main", how: "its creation")]
  private var ended: [Wait] = []
  private(set) var rows: [String: Row] = [:]
  private(set) var ready = ReadyCount()
  /// Nothing is known of what was before.
  private var knownSince: UInt64 = 0
  private(set) var violations = 0

  init(procs: Int, slack: Double) { (self.procs, self.slack) = (procs, slack) }

  /// The entry point of a G, without its place in the source.
  func name(of g: UInt64) -> String { gs[g]?.entry ?? "?" }

  // MARK: events

  /// The next event; `time`: its own, in nanoseconds.
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
    // A timer makes a G ready once; later waits are no matter of it.
    if known?.late ?? 0 != 0 { gs[record.g]?.late = 0 }
    let start = time - min(time, waited + (known?.late ?? 0))
    end(Wait(g: record.g, what: what(known), start: start, end: time))
  }

  private func what(_ known: Known?) -> String { known.map { "\($0.entry) after \($0.how)" } ?? "unknown" }

  /// How a G that waits still is called.
  func what(_ g: UInt64) -> String { what(gs[g]) }

  mutating func end(_ wait: Wait) {
    rows[wait.what, default: Row()].spread.add(wait.end - wait.start)
    if wait.end - wait.start > Self.short { ended.append(wait) }
  }

  // MARK: what is known

  /// Events were lost: what was before `time` is not judged any more.
  mutating func lose(until time: UInt64) { knownSince = max(knownSince, time) }

  /// So many Gs are ready now, by the gauges.
  mutating func correct(ready gs: Int) { ready.correct(gs) }

  mutating func advance(to time: UInt64) { ready.advance(toTime: time) }

  // MARK: the bound

  /// Judges what has ended before `time`.
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
