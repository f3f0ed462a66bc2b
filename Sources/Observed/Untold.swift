// Arithmetic with facts that a source may not know: what is computed from an unknown number is unknown.

extension Optional where Wrapped: FixedWidthInteger {
  /// Adds `more` to a counter. A counter that is not known stays unknown, and becomes unknown if `more` is.
  /// Counters wrap. The function is inlined into other modules, which call it for each event.
  @inlinable @inline(__always)
  package mutating func add(_ more: Wrapped?) {
    if let value = self, let more { self = value &+ more } else { self = nil }
  }

  /// Subtracts `less` from a counter. Unknown numbers are treated as in `add`.
  @inlinable @inline(__always)
  package mutating func takeOff(_ less: Wrapped?) {
    if let value = self, let less { self = value &- less } else { self = nil }
  }
}

/// The larger of two numbers; if only one of them is known, that one.
@inlinable
package func larger<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
  guard let a, let b else { return a ?? b }
  return max(a, b)
}

extension Optional where Wrapped: CustomStringConvertible {
  /// The number as text for people; `-` if it is not known.
  package var orDash: String { map { "\($0)" } ?? "-" }
}
