// The difference of two words that are read one after the other.

extension UInt64 {
  /// How much more it is than `other`; 0 when it is less. Two numbers that others change meanwhile may pass each other
  /// between two reads: what went in, read first, may be less than what came out of it since.
  @inlinable @inline(__always)
  public func excess(over other: UInt64) -> UInt64 { self > other ? self &- other : 0 }
}
