// The Gs that a history knows at all. If a user asks about any other G, its number is most likely mistyped.
import History

/// The Gs that a history knows.
public struct KnownGs: Sendable, Equatable {
  /// The least and the greatest id; nil: no G is known. Not every id between them need be known.
  public internal(set) var range: ClosedRange<UInt64>?
  /// Whether the G that was asked about is among the known Gs.
  public internal(set) var hasIt = false

  /// Adds a G by its id. An id of 0 is no G.
  package mutating func take(_ id: UInt64, wanted: UInt64) {
    guard id != 0 else { return }
    range = range.map { min($0.lowerBound, id)...max($0.upperBound, id) } ?? id...id
    if id == wanted { hasIt = true }
  }
}

extension Player {
  /// Returns the Gs that exist at this moment, and the Gs of every event before it.
  public func knownGs(asking wanted: UInt64) -> KnownGs {
    var known = KnownGs()
    for g in goroutines.all { known.take(g.id, wanted: wanted) }
    walk(from: history.firstNumber) { _, events in
      for event in events { known.take(event.record.g, wanted: wanted) }
    }
    return known
  }
}
