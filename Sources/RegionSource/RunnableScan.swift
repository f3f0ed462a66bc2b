// Who waits for a turn: a look over the table of Gs, for observers that want to know whether one waits too long.
//
// Status and moment of a G are two words, so the moment says little of one that is about to move. But a G's status
// carries the number of its moves: who finds the same word twice, minutes apart, knows that it did not move meanwhile.
import Host
import Region

/// Looks for the Gs of a target that are runnable, or preempted. For one thread at a time.
public struct RunnableScan {
  /// One G in one of its waits for a turn: equal values of two looks are the same wait.
  public struct Turn: Hashable, Sendable {
    public let id: UInt64
    fileprivate let status: UInt64
  }

  private let path: String
  private let reader: RegionReader
  private let gs: Blocks<GField>
  private let sched: Blocks<SchedField>
  private let states: [GState?]

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

  /// The listed Gs that wait for a turn now.
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
