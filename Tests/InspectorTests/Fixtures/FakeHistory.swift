// The history of a fake scheduler, and a folder for files that tests make of it.
import Region
import TestSupport

@testable import Exports
@testable import History
@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

struct FakeHistory {
  let scheduler: FakeScheduler
  let history = History()
  let folder: TemporaryFolder

  /// - Parameter ring: records in each P's ring. Small rings lose records.
  init(seed: UInt64, segments: Int = 5, moves: Int = 400, ring: Int = 1 << 14) throws {
    folder = try TemporaryFolder()
    scheduler = FakeScheduler(seed: seed, ringRecords: ring)
    scheduler.makesSyscalls = false
    let source = try scheduler.region.source()
    for _ in 0..<segments {
      _ = try source.drainInPlace(history.take)
      scheduler.listGs()
      history.mark(try source.observe())
      history.attach(GoroutineList(rows: try source.goroutines(limit: 1000)))
      _ = try source.drainInPlace(history.take)
      history.settle()
      scheduler.run(moves)
      scheduler.finish()
      _ = try source.drainInPlace(history.take)
      history.settle()
    }
  }

  /// The bytes that `export` writes, and its report.
  func bytes(
    _ export: (OutputFile) throws(InspectorError) -> ExportReport
  ) throws -> (bytes: [UInt8], report: ExportReport) {
    let path = "\(folder.path)/export"
    let report = try export(try OutputFile(path: path))
    return (smallFile(path, limit: 1 << 24) ?? [], report)
  }
}

/// Like `#require`, for expressions that mutate a reader, which the macro cannot take.
func needed<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw SomethingIsMissing() }
  return value
}

struct SomethingIsMissing: Error {}

/// Records and gauges that no scheduler would write.
struct Noise {
  static let records = 40_000
  let seed: UInt64

  func records(_ body: (Record, Lane) throws -> Void) rethrows {
    var dice = Dice(seed)
    for time in 0..<Self.records {
      let kind = EventKind.allCases[dice.below(EventKind.allCases.count)]
      let g: UInt64 = dice.below(20) == 0 ? .max : UInt64(dice.below(12))
      let m = dice.below(50) == 0 ? UInt16.max : UInt16(dice.below(6))
      let lane: Lane = dice.below(3) == 0 ? .m(Int(m)) : .p(dice.below(50) == 0 ? 1 << 17 : dice.below(5))
      let count = dice.below(50) == 0 ? UInt32.max : UInt32(dice.below(6))
      let arg = dice.below(50) == 0 ? UInt64.max : UInt64(dice.below(6))
      // Near the end, some times are absurdly late.
      let when =
        time > Self.records * 9 / 10 && dice.below(100) == 0 ? .max - UInt64(time) : UInt64(time * 1000)
      let noise = Record(kind, time: when, m: m, g: g, detail: UInt8(dice.below(256)), count: count, arg: arg)
      try body(noise, lane)
    }
  }

  /// Feeds all records to a visitor, with gauges and gaps in between.
  func feed(_ visitor: inout some HistoryVisitor) throws {
    var count = 0
    try records { record, lane in
      try visitor.visit(record, on: lane, at: record.time)
      count += 1
      guard count % 1000 == 0 else { return }
      var snapshot = Snapshot()
      (snapshot.time, snapshot.procs, snapshot.grq) = (record.time, count % 3000 == 0 ? .min : 3, .min)
      (snapshot.gs.running, snapshot.gs.runnable, snapshot.gs.preempted) = (.min, .max, .max)
      snapshot.gs.waiting = [.sleep: .max, .mutex: .max]
      snapshot.ps = [-1, 0, .max].map { id in
        var p = Snapshot.P()
        (p.id, p.lrq, p.m, p.g) = (id, .min, id, .max)
        return p
      }
      try visitor.visit(snapshot)
      try visitor.visitGap(.max, on: lane, after: record.time)
    }
  }
}

/// Every event of a history, in the order of time.
func events(of history: History) throws -> [Event] {
  var player = try needed(Player(history))
  player.seekToStart()
  var events: [Event] = []
  while player.stepForward() { events += [try needed(player.lastEvent)] }
  return events
}
