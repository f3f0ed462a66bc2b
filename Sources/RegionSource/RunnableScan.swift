// A scan of the table of Gs for those that are runnable or preempted, and so wait to run. Observers use it to find out
// whether a G waits too long.
//
// A G's status and the moment of its last change are two words, so together they may be wrong while the G moves. But
// the status word itself contains the number of the G's moves. An observer that finds the same word twice, minutes
// apart, knows that the G did not move in between.
import Host
import Region

/// Finds the Gs of a target that are runnable or preempted. Not thread-safe.
public struct RunnableScan {
  /// One G during one of its waits to run. Equal values from two scans are the same wait.
  public struct Turn: Hashable, Sendable {
    /// The G's id.
    public let id: UInt64
    fileprivate let status: UInt64
  }

  private let path: String
  private let reader: RegionReader
  private let gs: Blocks<GField>
  private let sched: Blocks<SchedField>
  private let states: [GState?]

  /// Prepares scans of a target's table.
  ///
  /// - Throws: `layout` if the region lacks the table.
  public init(_ region: LiveRegion) throws(InspectorError) {
    let reader = region.reader
    (self.reader, path) = (reader, region.target.path)
    (gs, sched, states) = try layoutErrors(path) { () throws(LayoutProblem) in
      let schema = try Header.schema(of: reader.mapping)
      return (
        try Blocks(schema, reader.mapping, needed: [.id, .status]),
        try Blocks(schema, reader.mapping, needed: [.gSlots, .gListed]), try schema.table(of: GState.self)
      )
    }
  }

  /// The Gs in the table that are runnable or preempted now.
  ///
  /// - Throws: `layout` if the region makes no sense any more.
  public func turns() throws(InspectorError) -> Set<Turn> {
    try layoutErrors(path) { () throws(LayoutProblem) in
      try reader.mapping.checkSize()
      var turns = Set<Turn>()
      let slots = min(try sched.bounded(.gSlots, to: gs.count), try sched.bounded(.gListed, to: gs.count))
      for slot in 0..<slots {
        let status = gs.value(.status, of: slot)
        let state = states[Int(status & 0xff)]
        guard state == .runnable || state == .preempted else { continue }
        turns.insert(Turn(id: gs.value(.id, of: slot), status: status))
      }
      return turns
    }
  }
}
