// A wait: one stretch in which a G did not run, from the event that ended its running to the one that began it again.
//
// Waits are found by going through the events once. What is known of one are the events themselves; a chain of hops
// (WaitChain.swift) is made of it when somebody asks.
import Observed
import Region

/// One stretch in which a G did not run. Times are nanoseconds of the machine's monotonic clock.
public struct Wait: Sendable, Equatable {
  /// What the G left off running for.
  public enum Beginning: Sendable, Equatable {
    /// It was created, and has not run before.
    case created
    case parked(WaitReason)
    case yielded
    case preempted
    case syscall
    /// The event is not in the history, or was lost.
    case unknown
  }

  public var g: UInt64
  public var beginning: Beginning
  public var begin: UInt64
  /// When it became runnable; nil: it did not (yet), or that is not known.
  public var ready: UInt64?
  /// When it ran again; nil: it waits still.
  public var end: UInt64?
  /// What the scheduler could have saved it: the time that it was runnable, and how late netpoll or its timer came.
  public var delay: UInt64
  /// Records that are missing while it lasted: of what they said nothing is known.
  public var missing: UInt64
  let facts: WaitFacts
}

/// What the events say of a wait, in ticks.
package struct WaitFacts: Sendable, Equatable {
  /// Something that came later than it could have.
  package struct Late: Sendable, Equatable {
    /// Since when it may have been there, or was due.
    package var since: UInt64
    /// A timer; else a poll, and who made it at last.
    var isTimer: Bool
    var poller: UInt8 = 0
  }

  package var g: UInt64
  package var begin: PlacedRecord?
  /// The event that made it runnable; for one that was created, yields or is preempted the same as `begin`.
  package var ready: PlacedRecord?
  package var end: PlacedRecord?
  var late: Late?
  package var missing: UInt64 = 0
  /// Until when it is looked at, while it has no end.
  package var until: UInt64 = 0

  var endTime: UInt64 { end?.record.time ?? until }

  /// A start tells for how long the G was runnable, so this is known even when the event itself was lost.
  var readyTime: UInt64? {
    if let ready { return min(ready.record.time, endTime) }
    guard let record = end?.record, record.kind != .goSyscallExit, record.arg != 0 else { return nil }
    return record.time >= record.arg ? record.time - record.arg : nil
  }

  var beginTime: UInt64 { min(begin?.record.time ?? readyTime ?? endTime, readyTime ?? endTime) }

  /// Of `readyTime`, how long before it what it waited for may have been there.
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
    // As differences of moments, as the hops are.
    let last = clock.nanoseconds(at: facts.endTime)
    delay = facts.readyTime.map { last - min(last, clock.nanoseconds(at: $0 - facts.lateTicks)) } ?? 0
  }

  /// Nanoseconds that it lasted, to the moment that is looked at if it lasts still.
  public func duration(until moment: UInt64) -> UInt64 { (end ?? max(moment, begin)) - begin }
}

extension WaitFacts {
  /// The wait of a G of which no event is in the history, by its row in the table of Gs; nil: it does not wait.
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

/// Finds waits in a stream of events, in the order of time.
struct WaitCollector {
  /// Only the waits of this G; nil: of all.
  package let wanted: UInt64?
  /// Waits that have begun, by the G.
  package private(set) var open: [UInt64: WaitFacts] = [:]
  /// Gs that a lane has readied since its last poll.
  private var polled: [Lane: [UInt64]] = [:]

  /// Open waits that are kept at most, whatever events say.
  private static let most = 1 << 20

  init(of wanted: UInt64? = nil) { self.wanted = wanted }

  /// Takes the next event; the wait that ends with it, if one does.
  package mutating func take(_ event: PlacedRecord) -> WaitFacts? {
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

  /// What is not of this wait, because moves in between are missing, is left out: the sequence numbers tell.
  private mutating func finish(_ event: PlacedRecord) -> WaitFacts {
    let record = event.record
    var facts = open.removeValue(forKey: record.g) ?? WaitFacts(g: record.g)
    if !fits(record, facts) { facts = WaitFacts(g: record.g) }
    facts.end = event
    return facts
  }

  /// Whether what is known of a wait is of the one that ends with this event.
  private func fits(_ end: Record, _ facts: WaitFacts) -> Bool {
    if end.kind == .goSyscallExit {
      guard let begin = facts.begin?.record, facts.ready == nil else { return facts.begin == nil }
      return begin.kind == .goSyscall && Self.follows(end, begin, by: 1)
    }
    if let ready = facts.ready?.record {
      // A start tells since when the G was runnable: that moment is the same to the tick.
      return Self.follows(end, ready, by: 1) && (end.arg == 0 || end.time &- end.arg == ready.time)
    }
    return facts.begin.map { Self.follows(end, $0.record, by: 2) } ?? true
  }

  /// Whether a G's move is the one that comes so many after another. A creation does not say its number.
  private static func follows(_ record: Record, _ earlier: Record, by moves: UInt32) -> Bool {
    earlier.kind == .goCreate || record.count == earlier.count &+ moves
  }
}
