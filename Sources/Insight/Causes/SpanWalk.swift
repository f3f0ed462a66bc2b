// Spans: one request each, with the work of all the Gs that took part (the runtime's `withSpan`).
//
// A G belongs to a span if its own `goLabel` says so, or if its parent belonged to the span when it created
// the G. The G that began the span is its *root*. The time of the root is divided without a gap, so its sums
// add up to the span's length to the nanosecond. A span within a span is a part of it: its time and its Gs
// count for both.
import Region

/// The time of Gs, summed up by their states, in nanoseconds.
public struct SpanSums: Sendable, Equatable {
  /// How long Gs ran.
  public var running: UInt64 = 0
  /// How long Gs were runnable, waiting for a P.
  public var runnable: UInt64 = 0
  /// How long Gs that sysmon had preempted waited to run on.
  public var preempted: UInt64 = 0
  /// How long Gs were inside a system call.
  public var syscall: UInt64 = 0
  /// How long Gs were parked, by the reason of the wait.
  public var waiting: [WaitReason: UInt64] = [:]

  /// The sum of all states, in nanoseconds.
  public var total: UInt64 { waiting.values.reduce(running + runnable + preempted + syscall, +) }

  /// Adds nanoseconds that a G spent in a state.
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

/// One span in numbers. Times are nanoseconds of the machine's monotonic clock.
public struct SpanSummary: Sendable, Equatable {
  /// The number of the span, unique in the life of its process.
  public var number: UInt64
  /// The label that the program gave the span; nil: none, or not known.
  public var label: String?
  /// The G that began the span.
  public var root: UInt64
  /// The moment at which the span began, in nanoseconds of the machine's monotonic clock.
  public var begin: UInt64
  /// The moment at which the span ended; nil: it goes on.
  public var end: UInt64?
  /// The number of the span around this one; nil: there is none.
  public var outer: UInt64?
  /// How long the G that began the span spent in each state, from the beginning of the span to its end; while the
  /// span goes on, to the moment at which it is looked at.
  public var sums = SpanSums()
  /// The time of all other Gs of the span by their states, while the span lasted.
  public var others = SpanSums()
  /// How many Gs belonged to the span, its root included.
  public var gs = 1
  /// How many records are missing from the time of the span.
  public var missing: UInt64 = 0

  /// The length of the span in nanoseconds; if it goes on, its length so far.
  public var duration: UInt64 { sums.total }
}

/// A stretch of time in which one G of a span was in one state. Times are nanoseconds.
public struct SpanPiece: Sendable, Equatable {
  /// The id of the G.
  public var g: UInt64
  /// The state of the G.
  public var state: GState
  /// The reason why the G was parked; `none` in all other states.
  public var reason: WaitReason
  /// When the stretch began, by the machine's monotonic clock.
  public var begin: UInt64
  /// How long the stretch lasted, in nanoseconds.
  public var duration: UInt64
  /// The P on which the G ran, or ran last; nil: not known.
  public var p: Int?
  /// The M on which the G ran, or ran last; nil: not known.
  public var m: Int?
}

/// A line that a program logged.
public struct SpanLog: Sendable, Equatable {
  /// The id of the G that logged it.
  public var g: UInt64
  /// When, by the machine's monotonic clock, in nanoseconds.
  public var time: UInt64
  /// The line; nil: it was not kept.
  public var text: String?
}

/// One span with all its Gs and what each of them did.
public struct SpanWalk: Sendable, Equatable {
  /// A G that took part in the span.
  public struct Member: Sendable, Equatable {
    /// The id of the G.
    public var g: UInt64
    /// The G that created this member; nil: the member began the span, or joined it by itself.
    public var parent: UInt64?
    /// The place where the G was spawned; nil: not known.
    public var entry: String?
    /// The time of this member in the span, by its states.
    public var sums = SpanSums()
  }

  /// The span in numbers.
  public var span: SpanSummary
  /// The Gs in the order in which they joined; at most `most`.
  public var members: [Member] = []
  /// The pieces of what the Gs did, in the order of beginning; at most `most` of them.
  public var pieces: [SpanPiece] = []
  /// The lines that were logged for the span, or by one of its Gs; at most `most` of them. Only a Go trace has such lines.
  public var logs: [SpanLog] = []
  /// Whether there were more members, pieces or lines than are kept.
  public var isCut = false

  /// The most pieces, and the most members, that are kept of one span.
  public static let most = 100_000
}
