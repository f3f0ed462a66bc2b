// The inspector: a live process's scheduler, looked at from outside without touching it.
//
//     let inspector = try Inspector.attach(to: 4242)
//     let snapshot = try inspector.snapshot()
//     print(snapshot.gs.live, snapshot.grq)
internal import Glibc
public import Region

/// Looks at one process. Reads only: the target does not notice, however many look, and whatever becomes of them.
///
/// Not thread-safe: for one thread at a time.
public final class Inspector {
  public let target: Target
  let source: RegionSource
  /// Where the system tells of its threads; nil: it is not seen from here, or dead.
  let threads: ThreadPlaces?
  /// Why the last call of `ending` could not tell whether the target lives; nil: it could. It says nothing of the target,
  /// only of this process, and passes when what was missing is there again.
  public private(set) var doubt: InspectorError?

  /// Attaches to a target that was found in a folder.
  public init(_ target: Target) throws(InspectorError) {
    if case .unreadable(let error) = target.state { throw error }
    let source = try RegionFile(path: target.path, process: target.named).open()
    // So that it is known what it is called here.
    _ = try layoutErrors(target.path) { () throws(LayoutProblem) in try source.life() }
    (self.source, self.target) = (source, target)
    threads = source.seen.map { ThreadPlaces(pid: $0.pid, isForeign: source.isForeign) }
  }

  /// Attaches to the process with `pid`. One that is still booting is waited for, a second at most.
  public static func attach(
    to pid: Int32, in folders: RegionFolders = .standard
  ) throws(InspectorError) -> Inspector {
    for _ in 0..<100 {
      let target = try folders.target(pid: pid)
      guard case .unreadable(.layout(_, .unfinished)) = target.state else { return try Inspector(target) }
      usleep(10_000)
    }
    return try Inspector(folders.target(pid: pid))
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
    try layoutErrors(target.path) { () throws(LayoutProblem) in try source.snapshot(peaksSince: start) }
  }

  /// The largest depths of the queues since `start`, in monotonic nanoseconds, some seconds back at most. Costs a
  /// microsecond for each P.
  public func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try source.peaks(since: start) }
  }

  /// Hands the events since the last call (at first: since attaching) to `take`, in batches of one ring each, oldest
  /// first in each. What the writers have overwritten meanwhile is counted in `Snapshot.Trace.lost`.
  ///
  /// - Returns: how full the fullest ring had become; from 1 on events are lost, so come back sooner.
  @discardableResult
  public func drain(_ take: (Lane, [Record]) -> Void = { _, _ in }) throws(InspectorError) -> Double {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try source.drain(take) }
  }

  // MARK: for the sampler

  /// Hands what is new to `history`; returns as `drain` does.
  func drain(into history: History) throws(InspectorError) -> Double {
    let start = monotonicNow()
    let fullest = try layoutErrors(target.path) { () throws(LayoutProblem) in
      try source.drainInPlace(history.take)
    }
    history.settle(upTo: start)
    return fullest
  }

  func observe(peaksSince start: UInt64? = nil) throws(InspectorError) -> Observation {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try source.observe(peaksSince: start) }
  }

  /// Slots of the table of Gs that are read at a time: some hundred microseconds.
  static let chunk = 4096

  /// The table of Gs, `GoroutineList.most` rows at most.
  ///
  /// - Parameter breathe: called after each chunk of a long table, so that the rings are not left alone for as long as
  ///   all of it takes.
  /// - Parameter isCalledAway: asked there, too; true: nothing is read to its end.
  /// - Returns: nil when it was called away.
  func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool = { false }
  ) throws(InspectorError) -> [GoroutineRow]? {
    var rows: [GoroutineRow] = []
    let slots = source.tableSlots
    for start in stride(from: 0, to: slots, by: Self.chunk) where rows.count < GoroutineList.most {
      rows += try layoutErrors(target.path) { () throws(LayoutProblem) in
        try source.goroutines(slots: start..<min(slots, start + Self.chunk))
      }
      guard slots > Self.chunk else { continue }
      try breathe()
      if isCalledAway() { return nil }
    }
    return rows.count > GoroutineList.most ? Array(rows.prefix(GoroutineList.most)) : rows
  }

  /// Our name for each of the target's wait reasons.
  var reasons: [WaitReason?] { source.reasons }

  // MARK: its end

  /// How the process ended; nil while it lives, and while that cannot be told: then `doubt` says why.
  public func ending() throws(InspectorError) -> TargetEnding? {
    let life = try layoutErrors(target.path) { () throws(LayoutProblem) in try source.life() }
    doubt = nil
    switch life {
    case .alive, .elsewhere: return nil
    case .ended(let ending): return ending
    case .unknown(let error):
      doubt = .unknownWhetherAlive(pid: target.process.pid, error)
      return nil
    }
  }

  /// The same by the target's own word alone, which costs next to nothing: one that was killed has none.
  func lastWord() throws(InspectorError) -> TargetEnding? {
    try layoutErrors(target.path) { () throws(LayoutProblem) in try source.lastWord() }
  }
}
