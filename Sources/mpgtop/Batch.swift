// Batch output: frames as text on standard output, for pipes, logs and tests.
internal import Glibc
import Inspector
import TUI

/// Prints frames of one target, or of one history.
struct Batch {
  let options: FrameOptions
  let output: StandardOutput
  private let linear = Linear()

  /// The state of the text for screen readers: the facts that were printed so far.
  private final class Linear {
    var text = LinearText()
  }

  init(options: FrameOptions, output: StandardOutput) {
    (self.options, self.output) = (options, output)
  }

  /// Frames as JSON have instruments: numbers that are derived from events. For their pressure, a few seconds
  /// of history are needed.
  private static let shortHistory = HistoryLimits(bytes: 50_000_000, duration: 3_000_000_000)

  /// The words for screen readers tell the moves on the stage, if that is the screen that is asked for.
  private var interest: Interest {
    var interest = Interest.none
    if options.isLinear, options.screen == .stage { interest.stage = StageQuestion() }
    return interest
  }

  /// Prints the first frame at once, and the others at their times. If the target ends, prints a last frame that says
  /// so, and throws `gone`.
  func run(_ source: any SchedulerSource) throws(Failure) {
    var sampler = Sampler(from: source, history: options.json || options.isLinear ? Self.shortHistory : nil)
    var due = monotonicNow()
    var printed = 0
    var doubt = TroubleReport.doubt
    while printed < options.frames ?? .max {
      try wait(until: due, &sampler)
      doubt.tell(sampler.doubt?.description)
      let frame = try failing { () throws(InspectorError) in try sampler.frame(interest) }
      try write(frame, isFirst: printed == 0)
      printed += 1
      if let ending = sampler.ending {
        throw Failure(.gone(pid: source.identity.pid, ending))
      }
      due = max(due + options.interval, monotonicNow())  // after a suspension (Ctrl-Z) it continues from now
    }
  }

  /// Prints the last moment of a black box.
  func runLast(of source: PastSource) throws(Failure) {
    let frame = try source.player().frame(source.origin, ended: source.ended)
    try write(source.completed(frame), isFirst: true)
  }

  /// Prints frames of a recording, `-d` apart in the recording's own time and as fast as possible, then its last moment.
  func run(_ source: PastSource) throws(Failure) {
    var player = try source.player()
    player.seekToStart()
    // The instruments of moments near each other count the same events. PastFrames keeps these from frame to frame.
    let frames = PastFrames()
    var (printed, before): (Int, UInt64?) = (0, nil)
    while printed < options.frames ?? .max {
      let isLast = player.isAtEnd
      var frame = frames.frame(
        of: player, source.origin, ended: isLast ? source.ended : nil, since: before)
      frame.unwatched = player.unwatched(since: before)
      if let question = interest.stage { frame.detail.stage = Stage(player, question) }
      try write(frame, isFirst: printed == 0)
      (printed, before) = (printed + 1, player.time)
      if isLast { return }
      player.advance(by: options.interval)
    }
  }

  /// Prints frames of the traces of a running Go program, `-d` apart in the program's own time, each as soon as its moment has
  /// come. In a gap there are none.
  func run(_ follower: TraceFollower) throws(Failure) {
    if isatty(STDERR_FILENO) == 1 { say(follower.waiting) }
    try follower.start()
    guard var player = Player(follower.copy()) else {
      throw Failure(ExitCode.layout, "\(follower.name) has sent no events to show")
    }
    player.seekToNewest()
    let frames = PastFrames()
    var (printed, before, trouble): (Int, UInt64?, TroubleReport) = (0, nil, TroubleReport.noTrace)
    while true {
      var frame = frames.frame(of: player, .live, since: before)
      frame.unwatched = player.unwatched(since: before)
      if let question = interest.stage { frame.detail.stage = Stage(player, question) }
      frame.past = nil
      try write(frame, isFirst: printed == 0)
      (printed, before) = (printed + 1, player.time)
      guard printed < options.frames ?? .max else { return follower.end() }
      while follower.newest <= player.time &+ options.interval {
        trouble.tell(follower.trouble)
        usleep(20_000)
      }
      trouble.tell(follower.trouble)
      player.turn(to: follower.copy())
      let start = player.time
      player.advance(by: options.interval)
      // The end of a trace is shown once, and then the next moment behind the gap.
      if player.time < start + options.interval / 2 { player.advance(by: options.interval) }
    }
  }

  private func write(_ frame: Frame, isFirst: Bool) throws(Failure) {
    if options.isLinear {
      let lines = linear.text.lines(frame)
      return try output.write(lines.map { $0 + "\n" }.joined())
    }
    let text = FrameText(options: options).text(of: frame, isFirst: isFirst)
    try options.json ? output.writeExact(text) : output.write(text)
  }

  /// Keeps draining until `due`, or until the target ends.
  private func wait(until due: UInt64, _ sampler: inout Sampler) throws(Failure) {
    while monotonicNow() < due, sampler.ending == nil {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      let now = monotonicNow()
      guard now < due else { return }
      usleep(UInt32(clamping: min(pause, due - now) / 1000))
    }
  }
}
