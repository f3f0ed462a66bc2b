// The words of the region from which the depth of each queue follows, in agreement with the records: where these words
// lie, and how they are read.
//
// If a depth is read from the queue itself, it is a few instructions ahead of the records or behind them, because a G
// is pushed after its record and popped before it. So a reader cannot start from such a depth and follow the events.
// For this purpose the runtime keeps more words, which it changes between counting a record and writing it
// (docs/region.md §5). While a lane has no record under way, these words are exactly as its records leave them.
import Host
import Region

/// Reads, for one lane at a time, the words from which the depths of queues follow.
struct QueuePlaces {
  /// How many words a lane takes in a pass. They are: the changes that its records make to the depths of `runnext`,
  /// of the LRQ and of the GRQ; the number of the P's steals; the M that holds the P, plus 1, so that 0 is none; and
  /// the G that the P runs.
  static let words = 6

  private let mapping: Mapping
  /// The byte offset in the region of `queuedOn` and of `takenFrom` of the first lane.
  private let queuedOn: Int
  private let takenFrom: Int
  private let p: Blocks<PField>
  private let steals: Blocks<StealField>

  private static let pFields: [PField] = [.lrqMoved, .nextMoved, .grqMoved, .steals, .m, .g]

  /// Looks up the words of the queues; nil: the target is older, and lacks them.
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

  /// Reads the words of the lane that begins `start` bytes after the first lane. `id` is nil for the lane of an M,
  /// which has no queues of its own: such a lane only puts Gs on the GRQ.
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

  /// Reads the steals of P `thief` from each of the first `ps` Ps; the index in the result is the victim's id.
  func loot(of thief: Int, from ps: Int) -> [Loot] {
    (0..<ps).map { victim in
      let cell = thief * p.count + victim
      return Loot(
        hits: steals.value(.hits, of: cell), gs: steals.value(.gs, of: cell),
        nexts: steals.value(.nexts, of: cell))
    }
  }

  /// The steals of one P from one other: how often, how many Gs, and how many of these from `runnext`.
  struct Loot: Equatable {
    var hits: UInt64 = 0
    var gs: UInt64 = 0
    var nexts: UInt64 = 0
  }
}
