// The past: what a frame has besides when it is not of now, but of a moment in history.
internal import Region

/// Where a frame's moment lies, and what led to it.
public struct Past: Sendable, Equatable {
  /// What the history is of.
  public enum Origin: String, Sendable {
    case live, recording, blackBox
  }

  public var origin = Origin.live
  /// The first and the last moment of the history, and the one that is shown; monotonic nanoseconds.
  public var first: UInt64 = 0
  public var last: UInt64 = 0
  public var time: UInt64 = 0
  /// Records that are missing shortly before: a gap.
  public var missing: UInt64 = 0
  /// What led here, when it was a step from event to event.
  public var step: PastStep?
  /// The last events of each lane, oldest first; Ps before Ms.
  public var lanes: [LaneEvents] = []
  /// Every G, as far as it is known.
  public var goroutines = Goroutines()

  public struct LaneEvents: Sendable, Equatable {
    public var lane: Lane
    public var events: [Event]
  }

  public init() {}
}

extension Player {
  /// Events of each lane that a frame carries.
  public static let eventsOfEachLane = 12

  /// What a viewer would have seen at this moment, and what led to it.
  public func frame(_ origin: Past.Origin, ended: String? = nil) -> Frame {
    // All of it is made of the same few segments.
    var player = self
    if player.unpacked == nil { player.unpacked = UnpackedWindows() }
    return player.wholeFrame(origin, ended)
  }

  private func wholeFrame(_ origin: Past.Origin, _ ended: String?) -> Frame {
    var builder = FrameBuilder()
    for snapshot in minute { builder.observe(snapshot) }
    _ = builder.frame()
    builder.observe(snapshot)
    var frame = builder.frame(ended: ended) ?? Frame(snapshot: snapshot)
    var past = Past()
    (past.origin, past.first, past.last, past.time) = (origin, firstTime, lastTime, time)
    past.step = step
    (past.missing, past.goroutines) = (missing, goroutines)
    past.lanes = lastEvents(ofEachLane: Self.eventsOfEachLane)
      .map { Past.LaneEvents(lane: $0.key, events: $0.value) }
      .sorted { $0.lane.order < $1.lane.order }
    frame.past = past
    frame.instruments = instruments
    return frame
  }
}

extension Lane {
  /// Ps before Ms, each by its number.
  var order: Int {
    switch self {
    case .p(let id): id
    case .m(let id): id + Self.highest
    }
  }
}
