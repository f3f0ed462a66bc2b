// What a viewer looks at beyond the gauges, and what it then gets.
//
// A frame always has the gauges; they are cheap. Lists of Gs, single events, courses of time and the system's own view
// of threads and sockets are not, so only what is on the screen is found out. The same for a live target, a recording
// and a black box, as far as each has it.
import History
import Host
import Observed

/// What is wanted besides the gauges.
public struct Interest: Sendable, Equatable {
  /// Every G.
  public var goroutines = false
  /// What the operating system says of the threads.
  public var threads = false
  /// The other ends of these descriptors' connections.
  public var sockets: [Int] = []
  /// What the last polls of netpoll found.
  public var polls = false
  public var timeline: TimelineSpan?
  public var events: EventQuery?
  /// What is to be explained, in the past only: what goes on has no end yet.
  public var why: Subject?
  /// The course of the gauges as far back as is known.
  public var trend = false
  /// The request that is to be told step by step.
  public var request: RequestChoice?
  /// What looking costs.
  public var health = false

  public init() {}
  public static let none = Interest()
}

/// What was wanted, as far as it is known.
public struct Detail: Sendable, Equatable {
  public var goroutines: Goroutines?
  /// By thread id.
  public var threads: [Int32: OSThread]?
  /// By descriptor.
  public var sockets: [Int: Socket]?
  public var polls: Polls?
  public var timeline: LaneTimeline?
  public var events: EventList?
  public var why: Explanation?
  public var trend: Trend?
  public var request: RequestAnswer?
  public var health: Health?

  public init() {}
}

/// A request, step by step; no walk: there is none such (yet).
public struct RequestAnswer: Sendable, Equatable {
  public var choice: RequestChoice
  public var walk: RequestWalk?
  public init(choice: RequestChoice, walk: RequestWalk?) { (self.choice, self.walk) = (choice, walk) }
}

/// What looking costs, measured while it goes on.
public struct Health: Sendable, Equatable {
  /// How full the fullest ring became between two drains of the last second, 0…; from 1 on events are lost.
  public var fullest = 0.0
  /// Nanoseconds between two drains, at present.
  public var drainInterval: UInt64 = 0
  /// Events that were taken in since mpgtop attached, and the nanoseconds of CPU that this took.
  public var taken: UInt64 = 0
  public var takingTime: UInt64 = 0
  /// The history: its bytes in memory, its records, and its first and last moments.
  public var historyBytes = 0
  public var historyLimit = 0
  public var records = 0
  public var first: UInt64 = 0
  public var last: UInt64 = 0
  /// This process: share of a core since the last frame that had it, and bytes of memory.
  public var ownUse: Double?
  public var ownMemory: UInt64?

  public init() {}
}
