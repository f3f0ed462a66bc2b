// Which Gs a history tells of at all: who asks for another one has most likely mistyped its number.
import History

/// The Gs that a history tells of.
public struct KnownGs: Sendable, Equatable {
  /// The least and the greatest id; nil: there are none. Not every id between them need be known.
  public internal(set) var range: ClosedRange<UInt64>?
  /// Whether the one that was asked about is among them.
  public internal(set) var hasIt = false

  package mutating func take(_ id: UInt64, wanted: UInt64) {
    guard id != 0 else { return }
    range = range.map { min($0.lowerBound, id)...max($0.upperBound, id) } ?? id...id
    if id == wanted { hasIt = true }
  }
}

extension Player {
  /// The Gs that there are at this moment, and those that an event before it is about.
  public func knownGs(asking wanted: UInt64) -> KnownGs {
    var known = KnownGs()
    for g in goroutines.all { known.take(g.id, wanted: wanted) }
    walk(from: history.firstNumber) { _, events in
      for event in events { known.take(event.record.g, wanted: wanted) }
    }
    return known
  }
}
