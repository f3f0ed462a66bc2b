// The first Gs of batches: a record of a batch does not name its Gs, but the same lane starts the first one at once
// (QueueRebuild §2).
import Observed
import Region

/// For each batch among some events, the G that its lane starts from it.
package struct BatchStarts: Sendable {
  private var firsts: [Int: UInt64] = [:]
  /// Batches whose first G starts later than these events: the last one of each lane.
  private var waiting: [Lane: Int] = [:]

  package init(_ events: [PlacedRecord]) {
    for (place, event) in events.enumerated() {
      guard let kind = event.record.kind else { continue }
      if QueueRebuild.isBatch(kind) { waiting[event.lane] = place } else { note(event) }
    }
  }

  /// Looks among later events for the starts that are still missing.
  package mutating func look(on events: some Collection<PlacedRecord>) {
    guard !waiting.isEmpty else { return }
    for event in events where waiting[event.lane] != nil {
      note(event)
      if waiting.isEmpty { return }
    }
  }

  private mutating func note(_ event: PlacedRecord) {
    switch event.record.kind {
    case .goStart, .goResume, .goSetAside: break
    case .steal, .grqTake:  // a later batch: the start of the one before is missing
      waiting[event.lane] = nil
      return
    default: return
    }
    guard let place = waiting.removeValue(forKey: event.lane) else { return }
    switch event.record.runSource {
    case .grq, .steal, .stealNext: firsts[place] = event.record.g
    default: break
    }
  }

  /// The first G of the batch that the event at a place took; 0: not known, or no batch.
  package subscript(place: Int) -> UInt64 { firsts[place] ?? 0 }
}
