// The inspector: a scheduler, looked at from outside without touching it. This module is the façade of the rooms below it, and
// re-exports what a user of the library needs; each room has one concern (ARCHITECTURE.md).
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

/// Looks at one process on MPG. Reads only: the target does not notice, however many look, and whatever becomes of them.
public typealias Inspector = LiveRegion

extension History {
  /// What `target`, which should be dead, left behind.
  public static func blackBox(_ target: Target) throws(InspectorError) -> History {
    try History(remainsOf: DeadRegion(target))
  }
}
