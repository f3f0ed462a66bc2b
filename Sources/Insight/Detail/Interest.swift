// The details that a viewer wants besides the gauges, and the details that it then gets.
//
// A frame always has the gauges, because they are cheap. Lists of Gs, single events, trends, and the
// operating system's view of threads and sockets are not cheap. So only what is on the screen is found out.
// This is the same for a live target, a recording and a black box, as far as each has the data.
import History
import Host
import Observed

/// The wishes of a viewer for details besides the gauges.
public struct Interest: Sendable, Equatable {
  /// Whether the list of all Gs is wanted.
  public var goroutines = false
  /// The Gs whose stacks are wanted; nil: none. Only a live source can read stacks, and not every live source
  /// can.
  public var stacks: StackQuestion?
  /// Whether to find out what the operating system says of the threads.
  public var threads = false
  /// The descriptors of sockets whose connections are wanted.
  public var sockets: [Int] = []
  /// Whether to find out what the last polls of netpoll found.
  public var polls = false
  /// The stretch of time whose timeline is wanted; nil: none.
  public var timeline: TimelineSpan?
  /// Which events are wanted; nil: none.
  public var events: EventQuery?
  /// The subject to explain; nil: none. There is an answer for a moment of the past, and for a source without events. A
  /// live source with events gives none for the present moment, because what still goes on has no end yet.
  public var why: Subject?
  /// Whether to find out how the gauges changed over time, as far back as that is known.
  public var trend = false
  /// The request that is wanted, step by step; nil: none.
  public var request: RequestChoice?
  /// The stage (Stage.swift) that is wanted, and the G that is followed on it; nil: the stage is not wanted.
  public var stage: StageQuestion?
  /// Whether to find out what observing costs.
  public var health = false

  /// Makes an interest in the gauges alone.
  public init() {}
  /// An interest in the gauges alone.
  public static let none = Interest()
}

/// The details that were wanted, as far as they are known. A part is nil if it was not wanted or is not
/// known.
public struct Detail: Sendable, Equatable {
  /// All Gs.
  public var goroutines: Goroutines?
  /// The stacks that were asked for.
  public var stacks: Stacks?
  /// The operating system's view of each thread, by thread id.
  public var threads: [Int32: OSThread]?
  /// The connection of each socket, by descriptor.
  public var sockets: [Int: Socket]?
  /// The results of the last polls of netpoll.
  public var polls: Polls?
  /// The timeline of the Ps or of the Ms: what each of them did.
  public var timeline: LaneTimeline?
  /// The last events.
  public var events: EventList?
  /// The explanation that was asked for.
  public var why: Explanation?
  /// How the gauges changed over time.
  public var trend: Trend?
  /// The request, step by step.
  public var request: RequestAnswer?
  /// The stage: Ps, queues with the names of their Gs, and the last moves.
  public var stage: Stage?
  /// The cost of observing.
  public var health: Health?

  /// Makes a value in which nothing is known.
  public init() {}
}

/// The answer to the question about a request.
public struct RequestAnswer: Sendable, Equatable {
  /// Which request was meant.
  public var choice: RequestChoice
  /// The request, step by step; nil: there is no such request (yet).
  public var walk: RequestWalk?
  /// Makes an answer to `choice`.
  public init(choice: RequestChoice, walk: RequestWalk?) { (self.choice, self.walk) = (choice, walk) }
}

/// The cost of observing, measured while it goes on.
public struct Health: Sendable, Equatable {
  /// How full the fullest ring of events became between two readings in the last second, as a share of its
  /// size. From 1 on, events are lost.
  public var fullest = 0.0
  /// The time between two readings of the rings at present, in nanoseconds.
  public var drainInterval: UInt64 = 0
  /// The number of events that were added to the history since mpgtop attached.
  public var taken: UInt64 = 0
  /// The time that it took to add the events counted by `taken`, in nanoseconds.
  public var takingTime: UInt64 = 0
  /// The memory that the history takes, in bytes.
  public var historyBytes = 0
  /// The memory that the history may take, in bytes.
  public var historyLimit = 0
  /// The number of records in the history.
  public var records = 0
  /// The first moment of the history, in nanoseconds of the machine's monotonic clock; nil: it has none yet.
  public var first: UInt64?
  /// The last moment of the history, in nanoseconds of the machine's monotonic clock; nil: it has none yet.
  public var last: UInt64?
  /// The share of a core that this process uses, measured over at least a second; nil: not measured yet.
  public var ownUse: Double?
  /// The memory that this process takes, in bytes; nil: not known.
  public var ownMemory: UInt64?

  /// Makes a value in which nothing was measured yet.
  public init() {}
}
