// A wait: one stretch of time in which a G did not run, from the event that stopped it to the event that ran
// it again.
//
// Waits are found in one pass over the events. A wait keeps only its events; its chain of hops
// (WaitChain.swift) is built only when a caller asks for it.
import Observed
import Region

/// One stretch in which a G did not run. Times are nanoseconds of the machine's monotonic clock.
public struct Wait: Sendable, Equatable {
  /// The reason why the G stopped running.
  public enum Beginning: Sendable, Equatable {
    /// The G was created, and has not run before.
    case created
    /// The G parked, for this reason.
    case parked(WaitReason)
    /// The G yielded.
    case yielded
    /// The G was preempted.
    case preempted
    /// The G entered a system call.
    case syscall
    /// Not known: the event that stopped the G is not in the history, or was lost.
    case unknown
  }

  /// The id of the G.
  public var g: UInt64
  /// The reason why the G stopped running.
  public var beginning: Beginning
  /// The moment at which the G stopped running.
  public var begin: UInt64
  /// The moment at which the G became runnable; nil: it did not (yet), or that is not known.
  public var ready: UInt64?
  /// The moment at which the G ran again; nil: it still waits.
  public var end: UInt64?
  /// The time that the scheduler could have saved, in nanoseconds: how long the G was runnable, and how late
  /// netpoll or its timer was.
  public var delay: UInt64
  /// The number of records that are missing from the time of the wait. Nobody knows what they would have
  /// told.
  public var missing: UInt64
  let facts: WaitFacts
}

/// The facts that the events tell of a wait. Times are in ticks.
package struct WaitFacts: Sendable, Equatable {
  /// A poll or a timer that came later than it could have.
  package struct Late: Sendable, Equatable {
    /// The moment from which on the descriptor may have been ready, or the timer was due.
    package var since: UInt64
    /// Whether a timer was late; if not, a poll was.
    var isTimer: Bool
    /// The thread that made the late poll, as the event encodes it: 0 is the netpoll thread, 1 a searching M,
    /// 2 sysmon.
    var poller: UInt8 = 0
  }

  package var g: UInt64
  /// The event that stopped the G; nil: that event is not in the history, or was lost.
  package var begin: PlacedRecord?
  /// The event that made the G runnable. If the G was created, yielded or was preempted, that event is
  /// `begin`.
  package var ready: PlacedRecord?
  /// The event that ran the G again; nil: it still waits.
  package var end: PlacedRecord?
  /// The poll or timer that the G waited for and that was late; nil: nothing was late.
  var late: Late?
  /// How many records are missing from the time of the wait.
  package var missing: UInt64 = 0
  /// The moment up to which a wait that has not ended counts.
  package var until: UInt64 = 0

  var endTime: UInt64 { end?.record.time ?? until }

  /// The moment at which the G became runnable; nil: not known. The event that starts a G tells how long the
  /// G was runnable, so this is known even if the event that made the G runnable was lost.
  var readyTime: UInt64? {
    if let ready { return min(ready.record.time, endTime) }
    guard let record = end?.record, record.kind != .goSyscallExit, record.arg != 0 else { return nil }
    return record.time >= record.arg ? record.time - record.arg : nil
  }

  var beginTime: UInt64 { min(begin?.record.time ?? readyTime ?? endTime, readyTime ?? endTime) }

  /// How long before `readyTime` the descriptor that the G waited for may have been ready, or its timer was
  /// due, in ticks.
  var lateTicks: UInt64 {
    guard let late, let readyTime, late.since < readyTime else { return 0 }
    return readyTime - max(late.since, beginTime)
  }

  package var delay: UInt64 { (readyTime.map { endTime - $0 } ?? 0) + lateTicks }

  package var beginning: Wait.Beginning {
    switch begin?.record.kind {
    case .goCreate: .created
    case .goPark: .parked(WaitReason(rawValue: begin?.record.detail ?? 0) ?? .none)
    case .goYield: .yielded
    case .goPreempt: .preempted
    case .goSyscall: .syscall
    default: .unknown
    }
  }
}

extension Wait {
  init(_ facts: WaitFacts, _ clock: Clock, reasons: [WaitReason?]) {
    self.facts = facts
    (g, beginning, missing) = (facts.g, facts.beginning, facts.missing)
    if case .parked = beginning {
      beginning = .parked(reasons[Int(facts.begin?.record.detail ?? 0)] ?? .none)
    }
    begin = clock.nanoseconds(at: facts.beginTime)
    ready = facts.readyTime.map { clock.nanoseconds(at: $0) }
    end = facts.end.map { clock.nanoseconds(at: $0.record.time) }
    // The end is computed from converted moments, as the hops are, so that the hops add up to the wait.
    let last = clock.nanoseconds(at: facts.endTime)
    delay = facts.readyTime.map { last - min(last, clock.nanoseconds(at: $0 - facts.lateTicks)) } ?? 0
  }

  /// How long the wait lasted, in nanoseconds. A wait that goes on counts up to `moment`.
  public func duration(until moment: UInt64) -> UInt64 { (end ?? max(moment, begin)) - begin }
}

extension WaitFacts {
  /// Makes the facts of the wait of a G that has no event in the history, from its row in the table of Gs.
  /// nil: the G does not wait, or since when is not known.
  init?(_ row: Goroutine, _ clock: Clock, reasons: [WaitReason?], until: UInt64) {
    guard let since = row.since else { return nil }
    func placed(_ kind: EventKind, detail: UInt8 = 0, arg: UInt64 = 0) -> PlacedRecord {
      let record = Record(kind, time: clock.ticks(at: since), m: 0, g: row.id, detail: detail, arg: arg)
      return PlacedRecord(record: record, lane: .m(0), position: .max)
    }
    self.init(g: row.id)
    switch row.state {
    case .waiting:
      guard let reason = reasons.firstIndex(of: row.reason) else { return nil }
      let fd = UInt64(clamping: (row.fd ?? -1) + 1)
      begin = placed(.goPark, detail: UInt8(truncatingIfNeeded: reason), arg: fd)
    case .runnable: ready = placed(.goReady)
    case .preempted:
      begin = placed(.goPreempt, detail: 1)
      ready = begin
    case .idle, .running, .syscall, .dead: return nil
    }
    self.until = max(until, clock.ticks(at: since))
  }
}

/// Finds waits in a stream of events.
struct WaitCollector {
  /// The G whose waits are wanted; nil: those of all Gs.
  let wanted: UInt64?
  /// The waits that have begun and not ended, by the G's id.
  private(set) var open: [UInt64: WaitFacts] = [:]
  /// The Gs that no other G readied, by the lane of their `goReady`, since the lane's last `netpoll` event: a
  /// poll readies its Gs first, and writes its `netpoll` event afterwards.
  private var polled: [Lane: [UInt64]] = [:]

  /// Maximum number of open waits, whatever the events say. This bounds the memory.
  private static let most = 1 << 20

  init(of wanted: UInt64? = nil) { self.wanted = wanted }

  /// Takes the next event, and returns the wait that it ends, if any. Events must come in the order of time.
  mutating func take(_ event: PlacedRecord) -> WaitFacts? {
    let record = event.record
    guard let kind = record.kind else { return nil }
    switch kind {
    case .netpoll: polled[event.lane] = nil
    case .netpollLate: noteLate(event)
    default: break
    }
    guard record.g != 0, wanted == nil || wanted == record.g else { return nil }
    switch kind {
    case .goPark, .goSyscall: begin(WaitFacts(g: record.g, begin: event))
    case .goCreate, .goYield, .goPreempt: begin(WaitFacts(g: record.g, begin: event, ready: event))
    case .goReady: ready(event)
    case .goSyscallExit where record.detail == 0: ready(event)
    case .goSyscallExit, .goStart, .goResume: return finish(event)
    case .timerLate: open[record.g]?.late = .init(since: Self.time(record.arg, before: record), isTimer: true)
    case .goExit: open[record.g] = nil
    default: break
    }
    return nil
  }

  private mutating func begin(_ facts: WaitFacts) {
    guard open.count < Self.most || open[facts.g] != nil else { return }
    open[facts.g] = facts
  }

  private mutating func ready(_ event: PlacedRecord) {
    let record = event.record
    var facts = open[record.g] ?? WaitFacts(g: record.g)
    if let begin = facts.begin, !Self.follows(record, begin.record, by: 1) || facts.ready != nil {
      facts = WaitFacts(g: record.g)  // moves in between are missing
    }
    facts.ready = event
    begin(facts)
    let isPolled = record.kind == .goReady && record.other == 0
    if isPolled, polled[event.lane, default: []].count < 1 << 16 {
      polled[event.lane, default: []].append(record.g)
    }
  }

  private mutating func noteLate(_ event: PlacedRecord) {
    let record = event.record
    for g in (polled[event.lane] ?? []).suffix(Int(clamping: record.count)) where open[g]?.late == nil {
      open[g]?.late = .init(
        since: Self.time(record.arg, before: record), isTimer: false, poller: record.detail)
    }
  }

  private static func time(_ ticks: UInt64, before record: Record) -> UInt64 {
    record.time - min(ticks, record.time)
  }

  /// Ends a wait. If sequence numbers show that moves of the G are missing, the events that were collected
  /// belong to another wait and are dropped.
  private mutating func finish(_ event: PlacedRecord) -> WaitFacts {
    let record = event.record
    var facts = open.removeValue(forKey: record.g) ?? WaitFacts(g: record.g)
    if !fits(record, facts) { facts = WaitFacts(g: record.g) }
    facts.end = event
    return facts
  }

  /// Whether the events that were collected of a wait belong to the wait that ends with this event.
  private func fits(_ end: Record, _ facts: WaitFacts) -> Bool {
    if end.kind == .goSyscallExit {
      guard let begin = facts.begin?.record, facts.ready == nil else { return facts.begin == nil }
      return begin.kind == .goSyscall && Self.follows(end, begin, by: 1)
    }
    if let ready = facts.ready?.record {
      // A start tells how long the G was runnable, and so the tick at which it became runnable. If that is
      // not the time of `ready`, the two do not belong together.
      return Self.follows(end, ready, by: 1) && (end.arg == 0 || end.time &- end.arg == ready.time)
    }
    return facts.begin.map { Self.follows(end, $0.record, by: 2) } ?? true
  }

  /// Whether the move `record` of a G is the G's move number n + `moves`, where n is the number of the move
  /// `earlier`. A creation has no number, so any move may follow it.
  private static func follows(_ record: Record, _ earlier: Record, by moves: UInt32) -> Bool {
    earlier.kind == .goCreate || record.count == earlier.count &+ moves
  }
}
