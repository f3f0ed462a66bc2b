// Frames of the past: the frames that a live viewer would have seen at a moment of history, computed from
// keyframes and events.
import History
import Observed

/// Makes frames of the moments at which a player stands, and keeps what the next frame can use again. Use it
/// on one thread at a time.
public struct PastFrames {
  /// How many events of each lane a frame has.
  public static let eventsOfEachLane = 12

  private let instruments = PastInstruments()
  private var detailer = Detailer()
  /// The last frame with details, and the question that it answers. As long as the same question is asked,
  /// this frame is used again.
  private var made: (of: FrameSubject, frame: Frame)?

  /// Makes an object that keeps nothing yet.
  public init() {}

  /// Returns the frame that a live viewer would have seen at this moment, and what led to the moment.
  ///
  /// - Parameters:
  ///   - player: stands at the moment.
  ///   - origin: the kind of source that the history is from.
  ///   - ended: how the target ended, if the moment is its end; nil: it is not.
  ///   - since: the moment of the previous frame, in nanoseconds. Rates and maxima are over the time since
  ///     then, but at least over the last second. nil: there was no frame before.
  public func frame(
    of player: Player, _ origin: Past.Origin, ended: String? = nil, since: UInt64? = nil
  ) -> Frame {
    // The whole frame is made from a few segments, so these are unpacked only once.
    var player = player
    if player.unpacked == nil { player.unpacked = UnpackedWindows() }
    return whole(player, origin, ended, since ?? player.time)
  }

  /// Returns the frame of the player's moment, with the details in which a viewer is interested.
  ///
  /// - Parameters:
  ///   - player: stands at the moment.
  ///   - origin: the kind of source that the history is from.
  ///   - ended: how the target ended, if the moment is its end; nil: it is not.
  ///   - interest: which details are wanted.
  ///   - effort: reports progress to others. Once it is cancelled, the result is meaningless, and so is this
  ///     object: go on with a copy from before.
  ///   - breathe: is called between two pieces of what takes long.
  public mutating func frame(
    of player: Player, _ origin: Past.Origin, ended: String? = nil, interest: Interest,
    effort: Effort? = nil, breathe: () -> Void = {}
  ) -> Frame {
    let subject = FrameSubject(place: player.place, origin: origin, ended: ended, interest: interest)
    if var frame = made?.frame, made?.of == subject {
      // The history may have grown meanwhile, so its ends are read anew.
      frame.past?.first = player.firstTime
      frame.past?.last = player.lastTime
      return frame
    }
    var asked = player
    asked.effort = effort
    let frame = detailed(asked, origin, ended, interest, breathe)
    made = (subject, frame)
    return frame
  }

  private func whole(_ player: Player, _ origin: Past.Origin, _ ended: String?, _ since: UInt64) -> Frame {
    instruments.prepare(for: player)
    let (snapshot, keyframes) = (player.snapshot, player.keyframes(since: since))
    let begin = FrameBuilder.begin(snapshot.time, since: since)
    var builder = FrameBuilder(since: since)
    let early = keyframes.prefix { $0.snapshot.time <= begin }
    func observe(_ keyframe: Keyframe) {
      if keyframe.gapBegin != nil { builder.noteGap() }
      builder.observe(keyframe.snapshot, isBase: true)
    }
    for keyframe in early { observe(keyframe) }
    if let base = player.base(at: begin, after: early.last) { builder.observe(base, isBase: true) }
    for keyframe in keyframes.dropFirst(early.count) { observe(keyframe) }
    builder.observe(snapshot, isBase: false)
    var frame = builder.frame(ended: ended) ?? Frame(snapshot: snapshot)
    (frame.past, frame.hasStacks, frame.gap) = (past(player, origin), player.hasStacks, player.gap)
    frame.instruments = instruments.instruments(of: player)
    // Lints need more events than may be read here. The findings of the live lints are in the keyframes.
    if let findings = keyframes.last(where: { $0.findings != nil })?.findings {
      frame.instruments?.findings = findings.all
    }
    frame.instruments?.cpu = keyframes.last?.cpus
    return frame
  }

  private func past(_ player: Player, _ origin: Past.Origin) -> Past {
    var past = Past()
    (past.origin, past.first, past.last, past.time) = (
      origin, player.firstTime, player.lastTime, player.time
    )
    past.step = player.step
    past.course = player.history.course.points(Past.coursePoints)
    (past.missing, past.goroutines) = (player.missing, player.goroutines)
    past.lanes = player.lastEvents(ofEachLane: Self.eventsOfEachLane)
      .map { Past.LaneEvents(lane: $0.key, events: $0.value) }
      .sorted { $0.lane.order < $1.lane.order }
    return past
  }

  private mutating func detailed(
    _ player: Player, _ origin: Past.Origin, _ ended: String?, _ interest: Interest, _ breathe: () -> Void
  ) -> Frame {
    // The frame, its details and the answers are made from the same few segments, so unpack each of these segments
    // only once.
    var player = player
    player.unpacked = UnpackedWindows()
    var frame = frame(of: player, origin, ended: ended)
    guard interest != .none else { return frame }
    let source = DetailSource(player)
    frame.detail = detailer.look(interest, source, isLive: false, breathe: breathe)
    if interest.goroutines { frame.detail.goroutines = frame.past?.goroutines }
    if let question = interest.stacks { frame.detail.stacks = player.stacks(of: question) }
    if let subject = interest.why {
      let instruments = frame.instruments
      frame.detail.why = detailer.why(subject, at: source.moment) {
        player.explanation(of: subject, instruments: instruments)
      }
    }
    if let choice = interest.request {
      frame.detail.request = detailer.request(choice) { player.request(choice) }
    }
    if let question = interest.stage { frame.detail.stage = Stage(player, question) }
    return frame
  }
}

/// The moment that a frame of the past shows, and the details that were wanted with it.
struct FrameSubject: Equatable {
  var place: PlayerPlace
  var origin: Past.Origin
  var ended: String?
  var interest: Interest
}

extension Player {
  /// Returns the frame that a live viewer would have seen at this moment, made without earlier frames; see
  /// `PastFrames`.
  public func frame(_ origin: Past.Origin, ended: String? = nil, since: UInt64? = nil) -> Frame {
    PastFrames().frame(of: self, origin, ended: ended, since: since)
  }

  /// The instruments that are derived from the events before this moment.
  public var instruments: Instruments { PastInstruments().instruments(of: self) }

  /// By how many nanoseconds a window may be longer than wanted, because it begins at a keyframe. A viewer writes
  /// keyframes more often than this.
  private static let slack: UInt64 = 500_000_000

  /// The snapshot at which a window begins, if no keyframe is near that moment, as in a black box. nil: a
  /// keyframe is near, or a live viewer's own window began at `keyframe`, or there are no events from which
  /// to compute a snapshot.
  fileprivate func base(at begin: UInt64, after keyframe: Keyframe?) -> Snapshot? {
    guard hasEvents, let keyframe, keyframe.findings == nil,
      begin - keyframe.snapshot.time > Self.slack
    else { return nil }
    var earlier = self
    earlier.seek(to: begin)
    return earlier.snapshot
  }
}
