// Records that were drained first and are taken in later.
@testable import Inspector

extension History {
  func take(_ batch: Batch) {
    take(batch.lane) { records in
      records += batch.records
      return batch.first
    }
  }
}
