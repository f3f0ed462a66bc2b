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
  ///
  /// - Parameter since: the moment of the frame before, in nanoseconds: rates and maxima are of the time since then, and of
  ///   the last second at least; nil: there was none.
  public func frame(_ origin: Past.Origin, ended: String? = nil, since: UInt64? = nil) -> Frame {
    // All of it is made of the same few segments.
    var player = self
    if player.unpacked == nil { player.unpacked = UnpackedWindows() }
    return player.wholeFrame(origin, ended, since ?? time)
  }

  private func wholeFrame(_ origin: Past.Origin, _ ended: String?, _ since: UInt64) -> Frame {
    let (snapshot, keyframes) = (snapshot, keyframes(since: since))
    let begin = FrameBuilder.begin(snapshot.time, since: since)
    var builder = FrameBuilder(since: since)
    let early = keyframes.prefix { $0.snapshot.time <= begin }
    for keyframe in early { builder.observe(keyframe.snapshot, isBase: true) }
    if let base = base(at: begin, after: early.last) { builder.observe(base, isBase: true) }
    for keyframe in keyframes.dropFirst(early.count) { builder.observe(keyframe.snapshot, isBase: true) }
    builder.observe(snapshot, isBase: false)
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
    // Lints look at more than a look back may go through: what the live ones said is in the keyframes.
    if let findings = keyframes.last(where: { $0.findings != nil })?.findings {
      frame.instruments?.findings = findings.all
    }
    frame.instruments?.cpu = keyframes.last?.cpus
    return frame
  }
}

extension Player {
  /// Nanoseconds by which a window may be longer than it should be: keyframes of a viewer come more often.
  private static let slack: UInt64 = 500_000_000

  /// Where a window begins that no keyframe is near to the beginning of, as in a black box; nil: one is, or a live viewer's
  /// own window began at that keyframe, or there are no events that would tell.
  private func base(at begin: UInt64, after keyframe: Keyframe?) -> Snapshot? {
    guard hasEvents, let keyframe, keyframe.findings == nil,
      begin - keyframe.snapshot.time > Self.slack
    else { return nil }
    var earlier = self
    earlier.seek(to: begin)
    return earlier.snapshot
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
