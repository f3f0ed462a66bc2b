// The words from which the depth of each queue follows, as the records have it: where they lie, and how they are read.
//
// A depth that is read from the queue itself is a few instructions ahead of the records, or behind them: a G is pushed
// after its record, and popped before it. So nothing can go on from it by events. The runtime keeps words besides that
// change between the count of a record and the record itself (docs/region.md §5): a lane that has no record under way has
// them exactly as its records leave them.
import Host
import Region

/// Reads these words of one lane.
struct QueuePlaces {
  /// Words of a lane in a pass: runnext, LRQ and GRQ, what its records make of them; its steals; who holds the P, and the
  /// G of its last start.
  static let words = 6

  private let mapping: Mapping
  /// In a lane: where `queuedOn` and `takenFrom` begin.
  private let queuedOn: Int
  private let takenFrom: Int
  private let p: Blocks<PField>
  private let steals: Blocks<StealField>

  private static let pFields: [PField] = [.lrqMoved, .nextMoved, .grqMoved, .steals, .m, .g]

  /// nil: the target is older, and does not have them.
  init?(
    _ schema: RegionSchema, _ mapping: Mapping, _ lanes: Blocks<LaneField>
  ) throws(LayoutProblem) {
    let p = try Blocks<PField>(schema, mapping, needed: [], wanted: Self.pFields)
    let steals = try Blocks<StealField>(schema, mapping, needed: [], wanted: [.hits, .gs, .nexts])
    guard Self.pFields.allSatisfy(p.has), steals.has(.hits), steals.has(.gs), steals.has(.nexts),
      lanes.words(.queuedOn) >= Place.Queue.capacity, lanes.words(.takenFrom) >= RunSource.capacity,
      steals.count >= p.count * p.count
    else { return nil }
    (self.mapping, self.p, self.steals) = (mapping, p, steals)
    (queuedOn, takenFrom) = (lanes.offset(.queuedOn, of: 0), lanes.offset(.takenFrom, of: 0))
  }

  /// The words of a P's lane, `start` bytes after the first lane; or of an M's, which puts Gs on the GRQ only.
  func read(lane start: Int, ofP id: Int?) -> [6 of UInt64] {
    func put(_ queue: Place.Queue) -> UInt64 {
      mapping.word(at: queuedOn + start + Int(queue.rawValue) * 8).acquired
    }
    func taken(_ source: RunSource) -> UInt64 {
      mapping.word(at: takenFrom + start + Int(source.rawValue) * 8).acquired
    }
    guard let id else { return [0, 0, put(.grq), 0, 0, 0] }
    return [
      put(.runnext) &- taken(.runnext) &+ p.value(.nextMoved, of: id),
      put(.lrq) &+ put(.displacing) &- taken(.lrq) &- taken(.netpoll) &+ p.value(.lrqMoved, of: id),
      put(.grq) &+ p.value(.grqMoved, of: id), p.value(.steals, of: id), p.value(.m, of: id),
      p.value(.g, of: id),
    ]
  }

  /// What a thief took from each of the first `ps` Ps.
  func loot(of thief: Int, from ps: Int) -> [Loot] {
    (0..<ps).map { victim in
      let cell = thief * p.count + victim
      return Loot(
        hits: steals.value(.hits, of: cell), gs: steals.value(.gs, of: cell),
        nexts: steals.value(.nexts, of: cell))
    }
  }

  /// What a P has taken from one other: how often, how many Gs, and those of them that were in `runnext`.
  struct Loot: Equatable {
    var hits: UInt64 = 0
    var gs: UInt64 = 0
    var nexts: UInt64 = 0
  }
}
