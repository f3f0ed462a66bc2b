// The packed status word of a G, with a name for each part.

/// The word `GField.status`: state (bits 0–7), wait reason (8–15), kind (16–23), sequence number (32–63).
///
/// The sequence number counts the G's moves from state to state. Events about a G carry it, so a reader can order the
/// events that different threads wrote about one G, without a global counter.
@frozen public struct GStatus: Sendable, Equatable {
  public var word: UInt64

  @inlinable @inline(__always) public init(word: UInt64) { self.word = word }

  @inlinable @inline(__always)
  public init(_ state: GState, reason: WaitReason = .none, kind: GKind = .user, sequence: UInt32 = 0) {
    word =
      UInt64(state.rawValue) | UInt64(reason.rawValue) << 8 | UInt64(kind.rawValue) << 16
      | UInt64(sequence) << 32
  }

  public var state: GState? { GState(rawValue: UInt8(truncatingIfNeeded: word)) }
  public var reason: WaitReason? { WaitReason(rawValue: UInt8(truncatingIfNeeded: word >> 8)) }
  public var kind: GKind? { GKind(rawValue: UInt8(truncatingIfNeeded: word >> 16)) }
  @inlinable @inline(__always) public var sequence: UInt32 { UInt32(truncatingIfNeeded: word >> 32) }
  @inlinable @inline(__always) public var rawReason: UInt8 { UInt8(truncatingIfNeeded: word >> 8) }

  /// The status after one more move: the same kind, and the next sequence number.
  @inlinable @inline(__always)
  public func moved(to state: GState, reason: WaitReason = .none) -> GStatus {
    let kept = word & 0x0000_0000_00ff_0000
    let sequence = (word >> 32 &+ 1) << 32
    return GStatus(word: sequence | kept | UInt64(reason.rawValue) << 8 | UInt64(state.rawValue))
  }
}
