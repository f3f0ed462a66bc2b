// Stages: queues with names, and a last move.
import Inspector
import Region

@testable import Observed
@testable import TUI

extension Fixtures {
  /// A stage whose queues have as many Gs as the gauges say, and whose last move is an overflow of P0.
  static func stage(_ snapshot: Snapshot) -> Stage {
    var (contents, next) = (QueueContents(), UInt64(2000))
    var gs: [UInt64: Goroutine] = [:]
    func take(_ count: Int) -> [UInt64?] {
      (0..<count).map { place in
        next += 1
        var g = Goroutine()
        (g.id, g.parent, g.entry) = (next, next % 4 + 1, "serve(connection:) at Server.swift:88")
        gs[next] = g
        return place == 2 ? nil : next
      }
    }
    for p in snapshot.ps {
      contents.ps.append(.init(id: p.id, next: take(p.runnext == true ? 1 : 0), lrq: take(p.lrq ?? 0)))
    }
    contents.grq = take(snapshot.grq ?? 0).map { .init(g: $0) }
    let moves = [
      move(.goCreate, g: 2001, lane: .p(0), arg: 8 | Place(.runnext, depth: 0).bits),
      move(.steal, lane: .p(1), count: 12, arg: 0), move(.overflow, lane: .p(0), count: 129, arg: 900),
    ]
    return Stage(snapshot: snapshot, queues: contents, gs: gs, moves: moves.compactMap { $0 })
  }

  /// The move of one event.
  static func move(
    _ kind: EventKind, g: UInt64 = 0, lane: Lane, m: UInt16 = 3, detail: UInt8 = 0, count: UInt32 = 0,
    arg: UInt64 = 0, isForward: Bool = true
  ) -> StageMove? {
    let record = Record(kind, time: 1, m: m, g: g, detail: detail, count: count, arg: arg)
    let placed = PlacedRecord(record: record, lane: lane, position: 0)
    let clock = Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1)
    return StageMove(
      Event(placed, clock, names: StringBook(), reasons: WaitReason.all), isForward: isForward)
  }
}
