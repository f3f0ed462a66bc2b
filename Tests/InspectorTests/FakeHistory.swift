// A history of a fake scheduler, and a folder for what is made of it.
import Region

@testable import Inspector

struct FakeHistory {
  let scheduler: FakeScheduler
  let history = History()
  let folder = TemporaryFolder()

  /// - Parameter ring: records of each ring of a P; with few, records are lost.
  init(seed: UInt64, segments: Int = 5, moves: Int = 400, ring: Int = 1 << 14) throws {
    scheduler = FakeScheduler(seed: seed, ringRecords: ring)
    scheduler.makesSyscalls = false
    let source = try scheduler.region.source()
    for _ in 0..<segments {
      _ = try source.drainBatches(history.take)
      scheduler.listGs()
      history.mark(try source.observe(), goroutines: GoroutineList(rows: try source.goroutines(limit: 1000)))
      _ = try source.drainBatches(history.take)
      history.settle()
      scheduler.run(moves)
      scheduler.finish()
      _ = try source.drainBatches(history.take)
      history.settle()
    }
  }

  /// The bytes that `export` writes, and what it says of them.
  func bytes(
    _ export: (OutputFile) throws(InspectorError) -> ExportReport
  ) throws -> (bytes: [UInt8], report: ExportReport) {
    let path = "\(folder.path)/export"
    let report = try export(try OutputFile(path: path))
    return (smallFile(path, limit: 1 << 24) ?? [], report)
  }
}

/// As `#require` has it, for expressions that change a reader.
func needed<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw SomethingIsMissing() }
  return value
}

struct SomethingIsMissing: Error {}
