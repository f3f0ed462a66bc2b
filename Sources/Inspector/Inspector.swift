// The inspector: looks at a scheduler from outside, without touching it. This module is the façade of the
// modules below it, each of which has one concern (ARCHITECTURE.md). It re-exports those that a user of
// the library needs.
//
//     let inspector = try Inspector.attach(to: 4242)
//     let snapshot = try inspector.snapshot()
//     print(snapshot.gs.live, snapshot.grq)
@_exported import Exports
@_exported import History
@_exported import Host
@_exported import Insight
@_exported import Observed
@_exported import RegionSource
@_exported import Wire

/// Looks at one process on MPG. It only reads, so the target does not notice, however many inspectors look
/// and however they end.
public typealias Inspector = LiveRegion

extension History {
  /// Returns the history that a target left in its region. The target should be dead.
  ///
  /// - Throws: `InspectorError` if there is no such region, or it cannot be read.
  public static func blackBox(_ target: Target) throws(InspectorError) -> History {
    try History(remainsOf: DeadRegion(target))
  }
}
