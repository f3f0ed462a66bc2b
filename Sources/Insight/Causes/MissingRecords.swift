// The times at which records are missing. Each segment tells from which moment on records may be missing;
// from there, the stretch reaches to the end of the segment (History §5).
import History
import Observed

/// The stretches of time in which records may be missing.
struct MissingRecords {
  private var gaps: [(from: UInt64, to: UInt64, count: UInt64)] = []

  /// Adds the stretch of the next segment in which records may be missing, if it has one.
  mutating func take(_ window: Window) {
    let missing = window.missing(at: .max)
    guard missing > 0 || !window.isWhole else { return }
    let from = window.isWhole ? window.gaps.map(\.after).min() ?? window.start : window.start
    gaps.append((max(from, window.start), window.end ?? .max, max(missing, 1)))
  }

  /// How many records may be missing between the moments `from` and `to`, which are in ticks.
  func count(from: UInt64, to: UInt64) -> UInt64 {
    gaps.reduce(0) { $1.from <= to && $1.to >= from ? $0 &+ $1.count : $0 }
  }
}

/// How many records are missing, as the beginning of a sentence: `1 record is missing`, `12 records are missing`.
package func missingText(_ records: UInt64) -> String {
  counted(records, "record") + (records == 1 ? " is missing" : " are missing")
}
