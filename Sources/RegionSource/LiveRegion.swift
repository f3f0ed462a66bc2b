// A live region as a source: a process's scheduler, observed from outside without touching it.
//
// With tracing on, this source knows everything exactly. With `MPG_TRACE=0` the process writes no events. Then the
// gauges are still exact, and everything that follows from events is nil.
internal import Glibc
import Host
import Observed
import Region

/// Observes one process. It only reads: the target does not notice, however many observers there are, and whatever
/// becomes of them.
///
/// Not thread-safe: use it from one thread at a time.
public final class LiveRegion: SchedulerSource {
  /// The process that is observed, in the state in which it was when it was found.
  public let target: Target
  let reader: RegionReader
  package let threads: ThreadPlaces?
  /// The reason why the last call of `ending` could not tell whether the target lives; nil: that call could
  /// tell. The cause lies in this process, such as a lack of file descriptors, and not in the target. It may
  /// pass.
  public private(set) var doubt: InspectorError?

  /// Attaches to a target that was found in a folder.
  ///
  /// - Throws: the reason if its region cannot be read.
  public init(_ target: Target) throws(InspectorError) {
    if case .unreadable(let error) = target.state { throw error }
    let reader = try RegionFile(path: target.path, process: target.named).open()
    // This call finds out which pid the process has here.
    _ = try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.life() }
    (self.reader, self.target) = (reader, target)
    threads = reader.seen.map { ThreadPlaces(pid: $0.pid, isForeign: reader.isForeign) }
  }

  /// Attaches to the process with `pid`. Waits at most a second for a process that is still booting.
  ///
  /// - Throws: an error if there is no such process, or if it cannot be read; see `RegionFolders.target(pid:)`.
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

  /// Reads all gauges of the scheduler at this moment.
  ///
  /// Takes microseconds. Under a flood of moves it may take up to twelve milliseconds, because an instant at
  /// which all values agree is hard to catch (see `Snapshot.isConsistent`). If the process has ended, the
  /// snapshot is its last state.
  ///
  /// - Parameter peaksSince: the moment from which on `grqMax` and `lrqMax` count, in monotonic nanoseconds, at most
  ///   some seconds back; nil: a second ago. A reader that looks repeatedly passes the time of its last look. The
  ///   target does not remember readers, so they do not disturb each other.
  /// - Throws: `layout` if the region makes no sense any more.
  public func snapshot(peaksSince start: UInt64? = nil) throws(InspectorError) -> Snapshot {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.snapshot(peaksSince: start) }
  }

  /// Hands `take` the events since the last call of `drain`; at the first call, those since this object was made. Each
  /// batch is from one ring, and within a ring the oldest event comes first. Events that the writers overwrote
  /// meanwhile are counted in `Snapshot.Trace.lost`.
  ///
  /// - Throws: `layout` if the region makes no sense any more.
  /// - Returns: how full the fullest ring had become. From 1 on events are lost, so come back sooner.
  @discardableResult
  public func drain(_ take: (Lane, [Record]) -> Void = { _, _ in }) throws(InspectorError) -> Double {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.drain(take) }
  }

  // MARK: as a source

  /// The identity of the observed process. It was read when the process was found, and is not read again.
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

  /// The largest depths of the queues since `start`, in monotonic nanoseconds; the region remembers some seconds. Costs
  /// a microsecond for each P.
  package func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks? {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try reader.peaks(since: start) }
  }

  package func successor() throws(InspectorError) -> (any SchedulerSource)? {
    let living = RegionFolders.standard.targets().filter { $0.state == .live && $0.name == target.name }
    return try living.max { $0.bootTime < $1.bootTime }.map { (next) throws(InspectorError) in
      try LiveRegion(next)
    }
  }

  package func control() throws(ControlError) -> any SchedulerControl { try Controller(target) }

  package func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double {
    try layoutErrors(target.path) { () throws(LayoutProblem) in
      try reader.drainInPlace(upTo: moment, take)
    }
  }

  package func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    var rows: [GoroutineRow] = []
    let slots = reader.tableSlots
    for start in stride(from: 0, to: slots, by: GoroutineList.chunk) where rows.count < GoroutineList.most {
      rows += try layoutErrors(target.path) { () throws(LayoutProblem) in
        try reader.goroutines(slots: start..<min(slots, start + GoroutineList.chunk))
      }
      guard slots > GoroutineList.chunk else { continue }
      try breathe()
      if isCalledAway() { return nil }
    }
    return rows.count > GoroutineList.most ? Array(rows.prefix(GoroutineList.most)) : rows
  }

  // MARK: its end

  /// How the process ended; nil while it lives. Also nil if that cannot be found out; then `doubt` says why.
  ///
  /// - Throws: `layout` if the region makes no sense any more.
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
