// The difference of two counters that another thread changes while they are read.

extension UInt64 {
  /// `self − other`, or 0 when `self` is the smaller. The two are read one after the other, while both grow. So a count
  /// of things that went in, read first, may be smaller than the count of things that came out, read a moment later.
  @inlinable @inline(__always)
  public func excess(over other: UInt64) -> UInt64 { self > other ? self &- other : 0 }
}
