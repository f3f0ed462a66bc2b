// Spans: what one request did, over all the Gs that took part (the runtime's `withSpan`).
//
// A G belongs to a span by its own `goLabel`, or because its parent did when it created it. The G that began the span
// is its *root*. The time of the root is divided without a gap, so its sums add up to the span's length to the
// nanosecond. A span within a span is a part of it: its time and its Gs count for both.
import Region

/// Where time went, in nanoseconds.
public struct SpanSums: Sendable, Equatable {
  public var running: UInt64 = 0
  public var runnable: UInt64 = 0
  /// Stopped by sysmon, and waiting for its turn.
  public var preempted: UInt64 = 0
  public var syscall: UInt64 = 0
  public var waiting: [WaitReason: UInt64] = [:]

  public var total: UInt64 { waiting.values.reduce(running + runnable + preempted + syscall, +) }

  package mutating func add(_ duration: UInt64, _ state: GState, _ reason: WaitReason) {
    switch state {
    case .running: running += duration
    case .runnable: runnable += duration
    case .preempted: preempted += duration
    case .syscall: syscall += duration
    case .waiting: waiting[reason, default: 0] += duration
    case .idle, .dead: break
    }
  }
}

/// One span. Times are nanoseconds of the machine's monotonic clock.
public struct SpanSummary: Sendable, Equatable {
  /// Unique in the life of its process.
  public var number: UInt64
  public var label: String?
  /// The G that began it.
  public var root: UInt64
  public var begin: UInt64
  /// nil: it goes on.
  public var end: UInt64?
  /// The span of which it is a part.
  public var outer: UInt64?
  /// Where the root's time went, from the beginning to the end, or to the moment that is looked at.
  public var sums = SpanSums()
  /// The same of all other Gs in it, as long as it lasted.
  public var others = SpanSums()
  /// Gs that belonged to it, the root included.
  public var gs = 1
  /// Records that are missing while it lasted.
  public var missing: UInt64 = 0

  public var duration: UInt64 { sums.total }
}

/// One G in one state for a while, as a part of a span.
public struct SpanPiece: Sendable, Equatable {
  public var g: UInt64
  public var state: GState
  public var reason: WaitReason
  public var begin: UInt64
  public var duration: UInt64
  /// Where it ran, or ran last.
  public var p: Int?
  public var m: Int?
}

/// One span in full.
public struct SpanWalk: Sendable, Equatable {
  /// A G that took part.
  public struct Member: Sendable, Equatable {
    public var g: UInt64
    public var parent: UInt64?
    public var entry: String?
    /// Where its time in the span went.
    public var sums = SpanSums()
  }

  public var span: SpanSummary
  /// In the order in which they joined.
  public var members: [Member] = []
  /// In the order in which they began; at most `most`.
  public var pieces: [SpanPiece] = []
  public var isCut = false

  /// Pieces, and members, that are kept at most.
  public static let most = 100_000
}
