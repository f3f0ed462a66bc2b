// The place of a G between being ready and running: the queue on which it was put, how many Gs stood there
// before it, and the queue from which it was taken. Bits of the records that were unused carry this, so it
// costs no record of its own.

/// The queue on which a G was put when it became runnable, and that queue's depth before.
///
/// Packed into the upper bits of a record's `arg`, above the id of a G: bits 52–54 the queue, bits 55–63 the depth.
@frozen public struct Place: Sendable, Equatable {
  /// A queue. Raw values are the wire format.
  public enum Queue: UInt8, CaseIterable, Sendable {
    /// The writer did not say which queue it was.
    case untold = 0
    /// `runnext` of the P in whose lane the record lies. The depth is that of this P's LRQ.
    case runnext = 1
    /// The LRQ of the P in whose lane the record lies.
    case lrq = 2
    case grq = 3
    /// `runnext` of the P in whose lane the record lies, where another G was: that G went to the end of the LRQ. The
    /// depth is that of the LRQ. If the event `nextStolen` follows, a thief had taken the other G, and none went to the
    /// LRQ.
    case displacing = 4

    /// The number of words in an array that has a counter for each case of this enum.
    public static let capacity = 5
  }

  public var bits: UInt64

  @inlinable @inline(__always)
  public init(bits: UInt64) { self.bits = bits }

  /// - Parameter depth: Gs that were on the queue already; a larger number than `deepest` is stored as `deepest`.
  @inlinable @inline(__always)
  public init(_ queue: Queue, depth: Int) {
    self.init(queue, exactly: UInt64(truncatingIfNeeded: Swift.min(Swift.max(depth, 0), Place.deepest)))
  }

  /// - Parameter depth: at most `deepest`, which is not checked; the depth of an LRQ never exceeds it.
  @inlinable @inline(__always)
  public init(_ queue: Queue, exactly depth: UInt64) { bits = UInt64(queue.rawValue) << 52 | depth << 55 }

  /// The largest depth that can be stored: it means this many or more.
  public static let deepest = 511
  public static let untold = Place(bits: 0)
  /// The bits of `arg` that hold the id of a G.
  public static let gMask: UInt64 = 1 << 52 - 1

  /// The queue; nil: a queue of a newer writer, which this version does not know.
  public var queue: Queue? { Queue(rawValue: UInt8(truncatingIfNeeded: bits >> 52 & 7)) }
  public var depth: Int { Int(bits >> 55) }
  /// Whether the queue is a `runnext`, whether or not a G was displaced.
  public var isRunnext: Bool { queue == .runnext || queue == .displacing }
}

/// The queue from which a P took the G that it starts to run. It lies in the lower four bits of the detail of
/// `goStart` and `goResume`. Raw values are the wire format.
public enum RunSource: UInt8, CaseIterable, Sendable {
  /// The writer did not say which queue it was.
  case untold = 0
  /// The P's own `runnext`.
  case runnext = 1
  /// The P's own LRQ.
  case lrq = 2
  /// The GRQ: the first G of the batch that the P took from the GRQ.
  case grq = 3
  /// Another P's LRQ: the first G of the batch that the P stole.
  case steal = 4
  /// Another P's `runnext`.
  case stealNext = 5
  /// A poll by the P's own M: the first G that the poll made ready.
  case netpoll = 6

  /// The number of words in an array that has a counter for each case of this enum.
  public static let capacity = 7
}

extension Record {
  /// In `goCreate` the G that spawned this one, in `goReady` the G that readied it; 0: none.
  public var other: UInt64 { arg & Place.gMask }
  /// The ticks that the system call lasted, in `goSyscallExit`; 0: the writer did not say.
  public var ticksInSyscall: UInt64 { arg & Place.gMask }
  /// In `goStart` and `goResume`, where the G was taken from; nil: a newer writer's source, which this version does not
  /// know.
  public var runSource: RunSource? { RunSource(rawValue: detail & 15) }
  /// In `goStart`, the raw value of the reason of the G's last wait, which this start ends; 0: the G did not wait.
  public var endedReason: UInt8 { detail >> 4 }
  /// In events that make a G runnable, the queue on which it was put.
  public var place: Place { Place(bits: arg & ~Place.gMask) }
}
