// What one event moves, and from where to where: the stage draws it as a trail, and says it as a sentence.
//
// A move is made from its event alone. So a move of a live target, of a step through the past and of a replay are the
// same, and a picture can be drawn although nothing else of that moment is known.
import Observed
import Region

/// A place where Gs stand.
public enum StagePlace: Sendable, Hashable {
  /// On this P, as the G that it runs.
  case running(p: Int)
  /// In this P's `runnext`.
  case next(p: Int)
  /// On this P's LRQ.
  case lrq(p: Int)
  /// On the GRQ.
  case grq
  /// Among the Gs that wait for a socket.
  case sockets
  /// Among the Gs that sleep until their time has come.
  case timers
  /// Among the Gs that wait for other Gs.
  case others
  /// In a system call, together with the M of this number.
  case call(m: Int)
}

/// A movement of one G, or of several at once, on the stage.
public struct StageMove: Sendable, Equatable {
  /// The event that tells of the move.
  public var event: Event
  /// Whether the event happened; false: a person has just stepped back in time over the event.
  public var isForward: Bool
  /// How many Gs move. If it is 1, the event's G moves.
  public var count: Int
  /// Where the Gs come from; nil: from nowhere that the stage shows, or the event does not tell.
  public var from: StagePlace?
  /// Where the Gs go to; nil: to nowhere that the stage shows.
  public var to: StagePlace?
  /// The P that the event is about; nil: none.
  public var p: Int?
  /// What happens, as one sentence in plain words.
  public var sentence: String

  /// The move of an event; nil: the event is about no G, P or M that the stage shows.
  public init?(_ event: Event, isForward: Bool = true) {
    guard let kind = event.kind, let sentence = StageSentence(event, kind).text else { return nil }
    (self.event, self.isForward, self.sentence) = (event, isForward, sentence)
    count = 1
    p = event.lane.p
    switch kind {
    case .steal, .overflow, .grqTake, .takeUp: moveBatch(kind)
    default: moveOne(kind)
    }
    if kind == .retake || kind == .preemptRequest || kind == .procStart || kind == .procStop {
      p = Int(event.count)
    }
  }

  private mutating func moveBatch(_ kind: EventKind) {
    count = Int(event.count)
    switch kind {
    case .steal:
      let victim = Int(clamping: event.arg)
      from = event.detail == 1 ? .next(p: victim) : .lrq(p: victim)
      to = p.map { .lrq(p: $0) }
    case .overflow: (from, to) = (p.map { .lrq(p: $0) }, .grq)
    case .grqTake: (from, to) = (.grq, p.map { .lrq(p: $0) })
    default: to = event.queue
    }
  }

  private mutating func moveOne(_ kind: EventKind) {
    let here: StagePlace? = p.map { .running(p: $0) }
    switch kind {
    case .goCreate: (from, to) = (here, event.queue)
    case .goStart, .goResume: (from, to) = (event.takenFrom, here)
    case .goPark: (from, to) = (here, event.reason.map(StagePlace.init(waitingFor:)))
    case .goReady: (from, to) = (event.reason.map(StagePlace.init(waitingFor:)), event.queue)
    case .goYield, .goPreempt: (from, to) = (here, event.queue)
    case .goExit: from = here
    case .goSyscall: (from, to) = (here, .call(m: event.m))
    case .goSyscallExit: (from, to) = (.call(m: event.m), event.detail == 0 ? event.queue : here)
    default: count = 0
    }
  }
}

extension StagePlace {
  /// The place of Gs that wait for this reason.
  public init(waitingFor reason: WaitReason) {
    switch reason.group {
    case .netpoll: self = .sockets
    case .sleep: self = .timers
    default: self = .others
    }
  }
}

extension Event {
  /// The queue onto which this event puts a G, as a place on the stage; nil: the event names no queue.
  fileprivate var queue: StagePlace? {
    switch place.queue {
    case .runnext, .displacing: lane.p.map { .next(p: $0) }
    case .lrq: lane.p.map { .lrq(p: $0) }
    case .grq: .grq
    case .untold, nil: nil
    }
  }

  /// The place where the G stood that this event starts; nil: not known. A stolen G stood on this P's LRQ,
  /// because the move of the `steal` event before has brought it there.
  fileprivate var takenFrom: StagePlace? {
    guard let p = lane.p else { return nil }
    return switch runSource {
    case .runnext: .next(p: p)
    case .lrq, .steal, .stealNext: .lrq(p: p)
    case .grq: .grq
    case .netpoll: .sockets
    case .untold, nil: nil
    }
  }
}
