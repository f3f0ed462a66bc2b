// A live region as a source: a process's scheduler, looked at from outside without touching it.
//
// With tracing on it knows everything, exactly. With `MPG_TRACE=0` the process writes no events: the gauges stay exact, and all
// that follows from events is absent.
internal import Glibc
import Host
import Observed
import Region

/// Looks at one process. Reads only: the target does not notice, however many look, and whatever becomes of them.
///
/// Not thread-safe: for one thread at a time.
public final class LiveRegion: SchedulerSource {
  public let target: Target
  let reader: RegionReader
  package let threads: ThreadPlaces?
  /// Why the last call of `ending` could not tell whether the target lives; nil: it could. It says nothing of the target,
  /// only of this process, and passes when what was missing is there again.
  public private(set) var doubt: InspectorError?

  /// Attaches to a target that was found in a folder.
  public init(_ target: Target) throws(InspectorError) {
    if case .unreadable(let error) = target.state { throw error }
    let reader = try RegionFile(path: target.path, process: target.named).open()
    // This finds out which pid the process has here.
    _ = try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.life() }
    (self.reader, self.target) = (reader, target)
    threads = reader.seen.map { ThreadPlaces(pid: $0.pid, isForeign: reader.isForeign) }
  }

  /// Attaches to the process with `pid`. One that is still booting is waited for, a second at most.
  public static func attach(
    to pid: Int32, in folders: RegionFolders = .standard
  ) throws(InspectorError) -> LiveRegion {
    for _ in 0..<100 {
      let target = try folders.target(pid: pid)
      guard case .unreadable(.layout(_, .unfinished)) = target.state else { return try LiveRegion(target) }
      usleep(10_000)
    }
    return try LiveRegion(folders.target(pid: pid))
  }

  /// Everything about the scheduler at this moment.
  ///
  /// Takes microseconds; up to twelve milliseconds under a flood, when an instant at which all adds up is hard to catch
  /// (see `Snapshot.isConsistent`). Throws `layout` when the region makes no sense any more. Of a process that has ended it
  /// gives the last state.
  ///
  /// - Parameter peaksSince: from when on `grqMax` and `lrqMax` count, in monotonic nanoseconds, some seconds back at most;
  ///   nil: a second ago. Who looks again and again says when it looked last; that is nobody else's business.
  public func snapshot(peaksSince start: UInt64? = nil) throws(InspectorError) -> Snapshot {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.snapshot(peaksSince: start) }
  }

  /// Hands the events since the last call (at first: since attaching) to `take`, in batches of one ring each, oldest
  /// first in each. What the writers have overwritten meanwhile is counted in `Snapshot.Trace.lost`.
  ///
  /// - Returns: how full the fullest ring had become; from 1 on events are lost, so come back sooner.
  @discardableResult
  public func drain(_ take: (Lane, [Record]) -> Void = { _, _ in }) throws(InspectorError) -> Double {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.drain(take) }
  }

  // MARK: as a source

  public var identity: Snapshot.Target { target.identity }

  package var knowledge: Knowledge { reader.knowledge }

  package var reasons: [WaitReason?] { reader.reasons }

  package func observe(
    peaksSince start: UInt64?, into observation: inout Observation
  ) throws(InspectorError) {
    observation = try layoutErrors(target.path) { () throws(LayoutProblem) in
      try reader.observe(peaksSince: start)
    }
  }

  package var inputs: [FileIdentity?] { [FileIdentity(path: target.path)] }

  /// Costs a microsecond for each P. The region remembers some seconds.
  package func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks? {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.peaks(since: start) }
  }

  package func successor() throws(InspectorError) -> (any SchedulerSource)? {
    let living = RegionFolders.standard.targets().filter { $0.state == .live && $0.name == target.name }
    return try living.max { $0.bootTime < $1.bootTime }.map { (next) throws(InspectorError) in
      try LiveRegion(next)
    }
  }

  package func takeEvents(_ take: (Lane, EventReading) -> Void) throws(InspectorError) -> Double {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.drainInPlace(take) }
  }

  /// Slots of the table of Gs that are read at a time: some hundred microseconds.
  package static let chunk = 4096

  package func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    var rows: [GoroutineRow] = []
    let slots = reader.tableSlots
    for start in stride(from: 0, to: slots, by: Self.chunk) where rows.count < GoroutineList.most {
      rows += try layoutErrors(target.path) { () throws(LayoutProblem) in
        try reader.goroutines(slots: start..<min(slots, start + Self.chunk))
      }
      guard slots > Self.chunk else { continue }
      try breathe()
      if isCalledAway() { return nil }
    }
    return rows.count > GoroutineList.most ? Array(rows.prefix(GoroutineList.most)) : rows
  }

  // MARK: its end

  /// How the process ended; nil while it lives, and while that cannot be told: then `doubt` says why.
  public func ending() throws(InspectorError) -> TargetEnding? {
    let life = try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.life() }
    doubt = nil
    switch life {
    case .alive, .elsewhere: return nil
    case .ended(let ending): return ending
    case .unknown(let error):
      doubt = .unknownWhetherAlive(pid: target.process.pid, error)
      return nil
    }
  }

  package func lastWord() throws(InspectorError) -> TargetEnding? {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.lastWord() }
  }
}
