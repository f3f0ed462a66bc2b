// The events of one lane that wait to be sent.
import History
import Observed
import Region

/// Collects the records of one lane, and packs them into blocks.
struct LaneQueue {
  private var recorder: LaneRecorder
  private(set) var blocks: [EventBlock] = []
  /// How many records were dropped, because there was no room for them on the wire.
  private(set) var dropped: UInt64 = 0

  /// Whether a rate limits what can be sent. Then records are packed only when it is known which of
  /// them are sent.
  private let isLimited: Bool

  init(_ lane: Lane, isLimited: Bool) {
    recorder = LaneRecorder(lane, segment: 0)
    self.isLimited = isLimited
  }

  /// Takes what is new. Where all of it can be sent, whole blocks are packed at once, while their records are in the CPU's
  /// cache.
  ///
  /// - Parameter most: how many records may wait in this lane; those beyond are dropped.
  mutating func take(_ read: EventReading, most: Int, _ encoder: RecordEncoder) {
    let count = recorder.take(read)
    if let position = recorder.gap {
      blocks += recorder.seal(recorder.records.count - count, encoder)
      recorder.skip(to: position)
    }
    dropNewest(self.count - most)
    let whole = recorder.records.count / RecordEncoder.most * RecordEncoder.most
    if whole > 0, !isLimited { blocks += recorder.seal(whole, encoder) }
  }

  private mutating func dropNewest(_ excess: Int) {
    let count = min(recorder.records.count, excess)
    guard count > 0 else { return }
    recorder.drop(count)
    dropped &+= UInt64(count)
  }

  /// How many records wait.
  var count: Int { blocks.reduce(recorder.records.count) { $0 + $1.count } }

  /// Takes out the oldest records, at most `most` of them, packed; the others are dropped.
  mutating func takeOut(most: Int, _ encoder: RecordEncoder) -> [EventBlock] {
    dropNewest(count - most)
    blocks += recorder.seal(recorder.records.count, encoder)
    defer { blocks = [] }
    var (kept, room) = ([EventBlock](), most)
    for block in blocks {
      guard block.count <= room else { break }
      kept.append(block)
      room -= block.count
    }
    dropped &+= blocks.dropFirst(kept.count).reduce(0) { $0 &+ UInt64($1.count) }
    return kept
  }
}
