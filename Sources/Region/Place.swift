// Where a G stands between being ready and running: which queue it was put on, how many were there before it, and
// from where it was taken. It travels in parts of records that were free: nothing is written for it alone.

/// The queue on which a G was put when it became runnable, and its depth.
///
/// In the upper bits of `arg`, above the G that it also names: bits 52–54 the queue, bits 55–63 the depth.
@frozen public struct Place: Sendable, Equatable {
  /// A queue. Raw values are the wire format.
  public enum Queue: UInt8, CaseIterable, Sendable {
    /// The writer did not say.
    case untold = 0
    /// `runnext` of the P whose lane has the record; the depth is that of its LRQ.
    case runnext = 1
    /// The LRQ of that P.
    case lrq = 2
    case grq = 3
    /// `runnext` of that P, from where the G that was there went to the end of the LRQ, whose depth is told. If
    /// `nextStolen` follows, there was none.
    case displacing = 4

    /// Words for a counter of each.
    public static let capacity = 5
  }

  public var bits: UInt64

  @inlinable @inline(__always)
  public init(bits: UInt64) { self.bits = bits }

  /// - Parameter depth: Gs that were on the queue already; what is more than `deepest` is told as that.
  @inlinable @inline(__always)
  public init(_ queue: Queue, depth: Int) {
    self.init(queue, exactly: UInt64(truncatingIfNeeded: Swift.min(Swift.max(depth, 0), Place.deepest)))
  }

  /// - Parameter depth: at most `deepest`, as that of an LRQ is.
  @inlinable @inline(__always)
  public init(_ queue: Queue, exactly depth: UInt64) { bits = UInt64(queue.rawValue) << 52 | depth << 55 }

  /// A depth of so many is that many or more.
  public static let deepest = 511
  public static let untold = Place(bits: 0)
  /// The part of `arg` that names a G.
  public static let gMask: UInt64 = 1 << 52 - 1

  /// nil: a queue that we do not know.
  public var queue: Queue? { Queue(rawValue: UInt8(truncatingIfNeeded: bits >> 52 & 7)) }
  public var depth: Int { Int(bits >> 55) }
  /// Whether it is a `runnext`, be it that a G was displaced or not.
  public var isRunnext: Bool { queue == .runnext || queue == .displacing }
}

/// From where a P took the G that it runs; in the lower four bits of the detail of `goStart` and `goResume`. Raw values
/// are the wire format.
public enum RunSource: UInt8, CaseIterable, Sendable {
  /// The writer did not say.
  case untold = 0
  /// The P's own `runnext`.
  case runnext = 1
  /// The P's own LRQ.
  case lrq = 2
  /// The GRQ, as the first of those that it took.
  case grq = 3
  /// Another P's LRQ, as the first of those that it stole.
  case steal = 4
  /// Another P's `runnext`.
  case stealNext = 5
  /// A poll of its own, as the first that it made ready.
  case netpoll = 6

  /// Words for a counter of each.
  public static let capacity = 7
}

extension Record {
  /// The G that `arg` names beside the place, in `goCreate` (the parent) and `goReady` (who made it ready); 0: none.
  public var other: UInt64 { arg & Place.gMask }
  /// Ticks that a system call lasted, in `goSyscallExit`; 0: the writer did not say.
  public var ticksInSyscall: UInt64 { arg & Place.gMask }
  /// From where the G was taken, in `goStart` and `goResume`; nil: a source that we do not know.
  public var runSource: RunSource? { RunSource(rawValue: detail & 15) }
  /// The raw value of the wait reason that ended before, in `goStart`; 0: it did not wait.
  public var endedReason: UInt8 { detail >> 4 }
  /// Where the G was put, in events after which it is runnable.
  public var place: Place { Place(bits: arg & ~Place.gMask) }
}
