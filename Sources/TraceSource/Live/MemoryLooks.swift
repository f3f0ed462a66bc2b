// What looks at a program's memory saw while the program was traced, beside its trace.
//
// A trace tells every move of a G, and nothing of what Go keeps beside: how many Gs stand on which queue, timers, the heap. Looks
// tell these, some times a second. Both have the time of the machine's monotonic clock, if the trace tells it (Go does since 1.25).
// A gauge at a moment of the trace is that of the last look at or before it, with its age. Nothing is put between two looks, and
// nothing is known before the first look and after the last one. What the trace knows itself is never replaced.
import Host
import Observed

/// The looks, in the order of their times. Not thread-safe.
package struct MemoryLooks: Sendable {
  /// A look, and how much older than the moment it is, in nanoseconds.
  package typealias Found = (look: Snapshot, age: UInt64)

  private var looks: [Snapshot] = []
  private var rows = 0
  /// No more rows of Ps and Ms than these are kept, some 40 MB.
  private static let mostRows = 200_000

  package init() {}

  package var isEmpty: Bool { looks.isEmpty }
  package var count: Int { looks.count }

  /// Whether a look is as late as a moment.
  package func reaches(_ moment: UInt64) -> Bool { looks.last.map { $0.time >= moment } ?? false }

  /// Adds a look. One that is not later than the last one is left out.
  package mutating func note(_ look: Snapshot) {
    guard look.time > looks.last?.time ?? 0, rows < Self.mostRows else { return }
    looks.append(look)
    rows += look.ps.count + look.ms.count
  }

  /// The last look at or before a moment of the monotonic clock, in nanoseconds; nil: the moment is not among the looks.
  package func last(before moment: UInt64) -> Found? {
    guard let newest = looks.last, moment <= newest.time else { return nil }
    return looks[..<looks.firstPlace { $0.time <= moment }].last.map { ($0, moment - $0.time) }
  }
}

/// Where a trace lies on the clock of the looks.
package enum TracePlace: Sendable, Equatable {
  /// So many nanoseconds are added to its times.
  case shifted(by: Int64)
  /// It is not known, for this reason.
  case unknown(String)

  /// - Parameters:
  ///   - offset: what leads from the trace's clock to the monotonic one, as the trace tells; nil: it does not tell.
  ///   - reach: the first and the last moment of the trace, by its own clock.
  ///   - asked: from when to when the trace was waited for, by the clock of the looks.
  package init(offset: Int64?, reach: ClosedRange<UInt64>, asked: ClosedRange<UInt64>) {
    guard let offset else {
      self = .unknown("Go before 1.25 does not tell the clock in a trace")
      return
    }
    let first = TracePlace.moved(reach.lowerBound, by: offset)
    let last = TracePlace.moved(reach.upperBound, by: offset)
    // A program in another time namespace, or behind a tunnel, has another clock.
    guard last >= asked.lowerBound, first <= asked.upperBound else {
      self = .unknown("the trace's clock is not this machine's")
      return
    }
    self = .shifted(by: offset)
  }

  /// The moment of the looks' clock that a moment of the trace is; nil: not known.
  package func moment(_ time: UInt64) -> UInt64? {
    guard case .shifted(let offset) = self else { return nil }
    return Self.moved(time, by: offset)
  }

  private static func moved(_ time: UInt64, by offset: Int64) -> UInt64 {
    let (sum, isBeyond) = Int64(clamping: time).addingReportingOverflow(offset)
    return isBeyond ? (offset < 0 ? 0 : .max) : UInt64(clamping: sum)
  }
}

extension Snapshot {
  /// Fills in the gauges that only a look at memory knows. What this snapshot knows itself stays.
  package mutating func fill(from look: Snapshot, age: UInt64) {
    (grq, grqMax) = (grq ?? look.grq, grqMax ?? look.grqMax)
    (timers, netpoll.fds) = (timers ?? look.timers, netpoll.fds ?? look.netpoll.fds)
    queueAge = age
    let others = Dictionary(look.ps.map { ($0.id, $0) }) { first, _ in first }
    for index in ps.indices {
      guard let other = others[ps[index].id] else { continue }
      (ps[index].lrq, ps[index].runnext) = (ps[index].lrq ?? other.lrq, ps[index].runnext ?? other.runnext)
      ps[index].lrqMax = ps[index].lrqMax ?? other.lrqMax
      ps[index].lrqMean = ps[index].lrqMean ?? other.lrqMean
    }
    // Numbers of Ms are ours in a trace, and Go's in memory. The thread is the same.
    let threads = Dictionary(look.ms.compactMap { m in m.tid.map { ($0, m) } }) { first, _ in first }
    for index in ms.indices {
      guard let other = ms[index].tid.flatMap({ threads[$0] }) else { continue }
      ms[index].callsToC = ms[index].callsToC ?? other.callsToC
      ms[index].locked = ms[index].locked ?? other.locked
      ms[index].isLockedBusy = ms[index].isLockedBusy ?? other.isLockedBusy
    }
  }
}
