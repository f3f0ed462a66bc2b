// The screen: the dashboard of TUI over a live process, a recording or a black box, on one thread.
import Inspector
import TUI

/// Shows one target on the terminal.
struct Dashboard {
  let options: FrameOptions
  let settings: Settings

  /// Throws when the settings file is wrong.
  init(options: FrameOptions) throws(Failure) {
    self.options = options
    settings = try Settings.load()
  }

  /// Runs until somebody quits. Throws when that is no good end: the target gone, the region damaged, a signal.
  func run(_ inspector: Inspector, _ limits: HistoryLimits) throws(Failure) {
    var feed = LiveFeed(Sampler(inspector, history: limits))
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(
        poll: { feed.poll() }, travel: { feed.travel($0) },
        interest: { feed.interest = $0 }, record: { feed.record($0) }, next: { feed.next() })
    } catch {
      throw Failure(error)
    }
    if let words = try failing({ () throws(InspectorError) in try feed.finishRecording() }) {
      say("mpgtop: \(words)")
    }
    if let error = feed.failure { throw Failure(error) }
    if let ending = feed.ending { throw Failure(.gone(pid: inspector.target.process.pid, ending)) }
    try check(ending)
  }

  /// The same for what is closed.
  func run(_ source: PastSource) throws(Failure) {
    var travel = TimeTravel(try source.player(), source.origin)
    if source.origin == .recording { travel.perform(.start) }
    var interest = Interest.none
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(
        travel: { travel.perform($0) }, interest: { interest = $0 },
        record: { _ in "this is history already: only a live process is recorded" },
        next: { travel.frame(ended: source.ended, interest) })
    } catch {
      throw Failure(error)
    }
    try check(ending)
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
    wanted.interval = options.delay.map { max(10, Int($0 * 1000)) } ?? settings.interval ?? wanted.interval
    return App(wanted)
  }
}

/// A sampler that never throws: what goes wrong is kept, and shown as the end of the target. When another moment than
/// now is wanted, frames come from its history, which goes on growing meanwhile.
private struct LiveFeed {
  private var sampler: Sampler
  private var last: Frame?
  private var past: TimeTravel?
  private var recorder = ScreenRecorder()
  var interest = Interest.none
  private(set) var failure: InspectorError?

  init(_ sampler: Sampler) { self.sampler = sampler }

  var ending: TargetEnding? { sampler.ending }

  /// Does what is due; returns after how many nanoseconds something is again.
  @discardableResult
  mutating func poll() -> UInt64? {
    guard failure == nil else { return nil }
    do {
      return try sampler.step()
    } catch {
      failure = error
      return nil
    }
  }

  mutating func travel(_ command: TimeCommand) {
    if command == .now || command == .resume {
      past = nil
      return
    }
    if past == nil {
      do { past = try sampler.player().map { TimeTravel($0, .live) } } catch { failure = error }
    }
    past?.perform(command)
  }

  mutating func record(_ command: RecordCommand) -> String {
    guard let history = sampler.history else { return "there is no history to record" }
    var recorder = recorder
    let words = recorder.perform(command, history, of: sampler.inspector.target) { poll() }
    self.recorder = recorder
    return words
  }

  /// Ends the recording that goes on, if one does, with what is still in the rings; what it came to.
  mutating func finishRecording() throws(InspectorError) -> String? {
    guard let history = sampler.history, recorder.status(history) != nil else { return nil }
    if failure == nil { try sampler.finish() }
    return try recorder.finish(history, ended: ending?.description)
  }

  /// The frame of this moment, or of the one that was asked for; the last one, marked as ended, after a failure.
  mutating func next() -> Frame? {
    var frame = nextFrame()
    frame?.recording = sampler.history.flatMap { recorder.status($0) }
    return frame
  }

  private mutating func nextFrame() -> Frame? {
    let ended = ending?.description
    if var past {
      // What takes long is made piece by piece, and the rings are looked after in between.
      let frame = past.frame(ended: ended, interest) { poll() }
      self.past = past
      return frame
    }
    if failure == nil {
      do { last = try sampler.frame(interest) } catch { failure = error }
    }
    if let failure { last?.ended = failure.description }
    return last
  }
}
