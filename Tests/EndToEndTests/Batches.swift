// Records that were drained first and are taken in later.
import Region

@testable import History
@testable import Observed
@testable import RegionSource

/// Some records of one lane: the lane, the position of the first record, and the records.
typealias Batch = (lane: Lane, first: UInt64, records: [Record])

extension RegionReader {
  /// Hands what is new to `take`, with the position of each batch.
  func drainBatches(_ take: (Batch) -> Void) throws {
    var records: [Record] = []
    _ = try drainInPlace { lane, read in
      records.removeAll(keepingCapacity: true)
      let first = read(&records)
      if !records.isEmpty { take((lane, first, records)) }
    }
  }
}

extension History {
  func take(_ batch: Batch) {
    take(batch.lane) { records in
      records += batch.records
      return batch.first
    }
  }
}
