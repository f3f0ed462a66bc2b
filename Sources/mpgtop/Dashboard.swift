// The dashboard of TUI for a live process, a recording or a black box. All of it runs on one thread.
import Inspector
import TUI

/// Shows one target on the terminal.
struct Dashboard {
  let options: FrameOptions
  let settings: Settings
  private let waker = Waker()

  /// Throws if the settings file is wrong.
  init(options: FrameOptions) throws(Failure) {
    self.options = options
    settings = try Settings.load()
  }

  /// Runs until the user quits. Throws after any other end: the target has ended, the region is damaged, a signal came.
  ///
  /// - Parameter host: the other machine on which the target runs; nil: it runs here, or nobody said where.
  func run(_ source: any SchedulerSource, _ limits: HistoryLimits, host: String? = nil) throws(Failure) {
    var feed = LiveFeed(source, limits, waker, host: host)
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(
        poll: { feed.poll() }, travel: { feed.travel($0) },
        interest: { feed.interest = $0 }, record: { feed.record($0) },
        pace: { feed.pace($0) }, load: { feed.load($0) },
        trace: { feed.trace($0) }, again: { feed.again() }, next: { feed.next() })
    } catch {
      throw Failure(error)
    }
    feed.endLoads()
    let words = feed.finishRecording()
    if let words, words != feed.recordingFailure?.message { say("mpgtop: \(words)") }
    // A failed recording is reported first. It also decides the exit code, unless something else failed too.
    do throws(Failure) {
      if let error = feed.failure { throw Failure(error) }
      if let ending = feed.ending { throw Failure(.gone(pid: feed.pid, ending)) }
      try check(ending)
    } catch {
      if let failure = feed.recordingFailure { complain(failure.message) }
      throw error
    }
    if let failure = feed.recordingFailure { throw failure }
  }

  /// Shows a history that does not grow: a recording or a black box.
  func run(_ source: PastSource) throws(Failure) {
    if let trace = source.trace { return try run(trace, source) }
    let player = Handed(try source.player())
    let (origin, history, beginsAtStart) = (source.origin, source.history, source.beginsAtStart)
    let start: PastDesk.Start = { _ in
      var travel = TimeTravel(player.value, origin)
      if beginsAtStart { travel.perform(.start) }
      return travel
    }
    var (desk, interest) = (PastDesk(waker, start), Interest.none)
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(
        travel: { desk.perform($0) }, interest: { interest = $0 },
        record: { _ in "this is history already: only a live process is recorded" },
        next: { desk.next(interest, ended: source.ended) { history }.map(source.completed) })
    } catch {
      throw Failure(error)
    }
    try check(ending)
  }

  /// Shows a trace while it is read.
  private func run(_ trace: TraceFeed, _ source: PastSource) throws(Failure) {
    let origin = source.origin
    let start: PastDesk.Start = { history in
      guard let player = Player(history) else { return nil }
      var travel = TimeTravel(player, origin)
      travel.perform(.start)
      return travel
    }
    var (desk, interest) = (PastDesk(waker, start), Interest.none)
    trace.begin(waker)
    try trace.waitShortly()
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(
        travel: { desk.perform($0) }, interest: { interest = $0 },
        record: { _ in "this is history already: only a live process is recorded" },
        next: {
          if trace.takeRenewal() { desk.renew() }
          guard trace.isReady else { return nil }
          return desk.next(interest, ended: nil) { trace.history() }.map(trace.completed)
        })
    } catch {
      throw Failure(error)
    }
    try trace.end()
    try check(ending)
  }

  /// Shows the traces of a running Go program as they come.
  func run(_ follower: TraceFollower) throws(Failure) {
    say(follower.waiting)
    try follower.start(waker)
    var feed = FollowFeed(follower, waker)
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(
        travel: { feed.travel($0) }, interest: { feed.interest = $0 }, record: { feed.record($0) },
        next: { feed.next() })
    } catch {
      throw Failure(error)
    }
    follower.end()
    let words = feed.finishRecording()
    if let words, words != feed.recordingFailure?.message { say("mpgtop: \(words)") }
    try check(ending)
    if let failure = feed.recordingFailure { throw failure }
  }

  private func check(_ ending: TUI.Ending) throws(Failure) {
    switch ending.cause {
    case .quit: return
    case .signal(let number): throw Failure(ExitCode.signal(number), "ended by signal \(number)")
    case .hangUp: throw Failure(ExitCode.signal(1), "the terminal is gone")
    }
  }

  private var app: App {
    var wanted = App.Options()
    wanted.terminal.wantsColor = !options.noColor && environment("NO_COLOR") == nil && settings.color
    wanted.terminal.wantsASCII = options.ascii || settings.ascii
    wanted.terminal.wantsMouse = !options.noMouse && settings.mouse
    wanted.terminal.theme = options.theme ?? settings.theme
    wanted.screen = options.screen ?? settings.screen
    wanted.waker = waker
    wanted.interval = options.delay.map { max(10, Int($0 * 1000)) } ?? settings.interval ?? wanted.interval
    return App(wanted)
  }
}
