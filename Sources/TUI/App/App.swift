// The loop: ask for a frame, draw, wait for a key, repeat.
//
// `AppState.update` makes all decisions and `Screen.draw` does all drawing. The loop only decides when: it asks for a
// frame once per refresh interval. A source whose event rings would overflow between two frames also gives a `poll`.
// The loop calls the poll between frames, on the same thread, as often as the poll asks for.
//
// A key never waits for work that its answer does not need. The loop takes in all waiting keys before it draws, and
// once more after it has read a frame; a key that quits ends the loop at once, without a last picture. Answering a key
// recomputes nothing that depends on the frame alone (Memo.swift). A source that reads for long checks meanwhile
// whether anything has been typed (Detailer §2).
// long checks meanwhile whether anything has been typed (Detailer §2).
public import Inspector

/// How a run of the dashboard ended.
public struct Ending: Sendable, Equatable {
  public enum Cause: Sendable, Equatable {
    /// Somebody pressed `q`, Esc or Ctrl-C.
    case quit
    /// A signal asked the process to end; the value is its number.
    case signal(Int32)
    /// The terminal is gone.
    case hangUp
  }
  public var cause: Cause
  /// How the target ended, in the words of `Frame.ended`; `nil` if it was still running.
  public var targetEnded: String?
}

/// The dashboard. A program needs no more than `try App(options).run { source.frame() }`.
public struct App: Sendable {
  public struct Options: Sendable {
    /// The use that the dashboard makes of the terminal: colours, characters, mouse.
    public var terminal = NCursesTerminal.Options()
    /// The milliseconds between two frames at the start; values below 10 are taken as 10.
    public var interval = AppState.usualInterval
    /// Lets other threads ask for a new frame at once.
    public var waker: Waker?
    /// The screen to begin with.
    public var screen = ScreenID.overview
    public init() {}
  }

  public var options: Options

  public init(_ options: Options = Options()) { self.options = options }

  /// The message for a user who wants to hold, step or slow a target that is not a live scheduler.
  public static let cannotPace = "only the scheduler of a live process can be held, stepped or slowed"

  /// The message for a user who wants to start a load on a target to which this dashboard can send none.
  public static let cannotLoad =
    "only a live mpg-demo on this machine is loaded from here; see mpg-load for others"

  /// The message for a user who wants a trace of a target that is not a running Go program.
  public static let cannotTrace =
    "only a running Go program that is looked at by its memory is traced here: mpgtop PID"

  /// Shows frames on the process's terminal until somebody ends the dashboard. The terminal is restored on
  /// every way out, a crash included.
  ///
  /// Call `run` on a plain thread with a full stack. A program with more threads calls
  /// `NCursesTerminal.blockSignals()` before it starts them. When the target ends, the last frame stays on
  /// the screen, marked ENDED, until somebody quits.
  ///
  /// - Parameters:
  ///   - poll: called between frames, for sources that have to read more often than the screen changes.
  ///     Returns the nanoseconds until its next call, at least a millisecond; `nil`: never again.
  ///   - travel: called when another moment of the history is wanted; the loop then asks for a frame at once.
  ///   - interest: called when the screen shows something else; tells the source what the next frames must
  ///     hold besides gauges.
  ///   - record: called when history is to be written to a file; returns the outcome in a few words.
  ///   - pace: called when the target's scheduler is to be held, stepped or slowed; returns the outcome in a few
  ///     words.
  ///   - load: called when a load on the target is to begin or to end; returns the outcome in a few words, or
  ///     none when the next frame's `loads` shows it.
  ///   - trace: called when a trace of the target is wanted; returns the outcome, which may be a question.
  ///   - again: called to attach to a process with the name of the one that has ended; after success, frames
  ///     are of the new process.
  ///   - next: returns the newest frame, or `nil` when no frame is newer than the last one.
  public func run(
    poll: () -> UInt64? = { nil }, travel: (TimeCommand) -> Void = { _ in },
    interest: (Interest) -> Void = { _ in }, record: (RecordCommand) -> String = { _ in "" },
    pace: (PaceCommand) -> String = { _ in App.cannotPace },
    load: (LoadCommand) -> String = { _ in App.cannotLoad },
    trace: (TraceCommand) -> TraceOutcome = { _ in .said(App.cannotTrace) },
    again: () -> Again = { .not("there is no other") }, next: () -> Frame?
  ) throws(TerminalError) -> Ending {
    var terminal = try NCursesTerminal(options.terminal, waker: options.waker)
    return run(
      on: &terminal, poll: poll, travel: travel, interest: interest, record: record, pace: pace, load: load,
      trace: trace, again: again, next: next)
  }

  /// Shows frames on the given terminal until somebody ends the dashboard. The parameters are those of the
  /// `run` for the process's own terminal.
  public func run<T: Terminal & ~Copyable>(
    on terminal: inout T, poll: () -> UInt64? = { nil },
    travel: (TimeCommand) -> Void = { _ in }, interest: (Interest) -> Void = { _ in },
    record: (RecordCommand) -> String = { _ in "" }, pace: (PaceCommand) -> String = { _ in App.cannotPace },
    load: (LoadCommand) -> String = { _ in App.cannotLoad },
    trace: (TraceCommand) -> TraceOutcome = { _ in .said(App.cannotTrace) },
    again: () -> Again = { .not("there is no other") }, next: () -> Frame?
  ) -> Ending {
    let state = AppState(
      size: terminal.size, interval: options.interval, glyphs: terminal.glyphs, screen: options.screen,
      theme: options.terminal.theme)
    var loop = Loop(state: state, rhythm: Rhythm(now: terminal.now))
    while true {
      if loop.isWishStale, loop.changeWish(tell: interest) { loop.rhythm.hurry() }
      // Show what a key has changed before reading the next frame: reading a frame of the past may take a
      // while.
      if loop.drawn != nil { loop.show(on: &terminal) }
      if loop.rhythm.isFrameDue(at: terminal.now, interval: loop.state.interval), let frame = next() {
        if Self.follow(loop.state.update(.frame(frame)), travel) { loop.rhythm.hurry() }
        // With the new frame, the state may want other details: ask for them at once, not one refresh
        // interval later.
        if loop.changeWish(tell: interest) { loop.rhythm.hurry() }
        loop.hasChanged = true
        // Take in the keys that were pressed while the source read the frame: they must not wait for its
        // picture.
        if let ending = take(&loop, nanoseconds: 0, on: &terminal, travel, record, pace, load, trace, again) {
          return ending
        }
      }
      loop.show(on: &terminal)
      let pause = loop.rhythm.pause(from: terminal.now, interval: loop.state.interval)
      if let ending = take(&loop, nanoseconds: pause, on: &terminal, travel, record, pace, load, trace, again)
      {
        return ending
      }
      if loop.rhythm.isPollDue(at: terminal.now) { loop.rhythm.polled(at: terminal.now, wantedIn: poll()) }
    }
  }

  /// How long `take` collects keys before it lets the loop draw, in nanoseconds. The limit matters to
  /// somebody who types without pause: without it, that person would see no picture.
  private static let patience: UInt64 = 30_000_000

  /// Waits for inputs and takes in all that have arrived, so that one picture answers any number of keys.
  ///
  /// - Returns: how the run ended, as soon as an input ends it; otherwise nil.
  private func take<T: Terminal & ~Copyable>(
    _ loop: inout Loop, nanoseconds: UInt64, on terminal: inout T, _ travel: (TimeCommand) -> Void,
    _ record: (RecordCommand) -> String, _ pace: (PaceCommand) -> String,
    _ load: (LoadCommand) -> String, _ trace: (TraceCommand) -> TraceOutcome, _ again: () -> Again
  ) -> Ending? {
    var inputs = terminal.wait(nanoseconds: nanoseconds)
    let end = terminal.now + Self.patience
    while !inputs.isEmpty {
      for input in inputs {
        if input == .wake { loop.rhythm.hurry() }
        let effect = loop.state.update(.input(input))
        if case .end(let cause) = effect {
          return Ending(cause: cause, targetEnded: loop.state.latest?.ended)
        }
        if Self.follow(effect, travel) { loop.rhythm.hurry() }
        if case .record(let command) = effect { _ = loop.state.update(.said(record(command))) }
        if case .pace(let command) = effect {
          _ = loop.state.update(.said(pace(command)))
          loop.rhythm.hurry()
        }
        if case .load(let command) = effect {
          _ = loop.state.update(.said(load(command)))
          loop.rhythm.hurry()
        }
        if case .trace(let command) = effect {
          _ = loop.state.update(.traced(trace(command)))
          loop.rhythm.hurry()
        }
        if effect == .again, Self.attach(again(), &loop.state) { loop.rhythm.hurry() }
        if perform(effect, on: &terminal) { loop.drawn = nil }
        (loop.hasChanged, loop.isWishStale) = (true, true)
      }
      inputs = terminal.now < end ? terminal.wait(nanoseconds: 0) : []
    }
    return nil
  }

  /// Travels to another moment if the effect asks for that; returns whether the effect did ask.
  private static func follow(_ effect: Effect, _ travel: (TimeCommand) -> Void) -> Bool {
    guard case .time(let command) = effect else { return false }
    travel(command)
    return true
  }

  /// Updates the state with the outcome of a search for another process. Returns whether a process was found.
  private static func attach(_ outcome: Again, _ state: inout AppState) -> Bool {
    switch outcome {
    case .not(let why):
      _ = state.update(.said(why))
      return false
    case .attached(let words):
      _ = state.update(.again)
      _ = state.update(.said(words))
      return true
    }
  }

  /// Performs an effect on the terminal; returns whether the picture has to be shown again.
  private func perform<T: Terminal & ~Copyable>(_ effect: Effect, on terminal: inout T) -> Bool {
    switch effect {
    case .redrawAll: terminal.redrawAll()
    case .stop: terminal.stop()
    case .copy(let text):
      terminal.copy(text)
      return false
    case .theme(let name): terminal.use(name)
    case .nothing, .end, .time, .record, .pace, .load, .trace, .again: return false
    }
    return true
  }
}

/// The outcome of looking for a process with the name of the one that has ended.
public enum Again: Sendable, Equatable {
  case attached(String)
  /// No process was attached; the value says why.
  case not(String)
}

/// The values that the loop keeps from one round to the next.
private struct Loop: ~Copyable {
  var state: AppState
  var rhythm: Rhythm
  /// The state whose picture the terminal shows.
  var drawn: AppState?
  /// Whether an input or a frame has come since the last drawing. Without this flag and the next one, each of
  /// many polls would compare two large states.
  var hasChanged = true
  /// Whether an input or a frame has come since `changeWish` last compared the state's interest with `told`.
  var isWishStale = true
  /// The details that the source was last asked for.
  private var told = Interest.none

  init(state: AppState, rhythm: Rhythm) { (self.state, self.rhythm) = (state, rhythm) }

  /// Tells the source which details the state wants, if these have changed. Returns whether the source should make a
  /// frame with them at once; a change in the set of sockets alone is no reason for that.
  mutating func changeWish(tell: (Interest) -> Void) -> Bool {
    let wish = state.interest
    let isNew = wish.isNew(to: told)
    if wish != told { tell(wish) }
    (told, isWishStale) = (wish, false)
    return isNew
  }

  /// Draws the state, if it differs from the one that is shown.
  mutating func show<T: Terminal & ~Copyable>(on terminal: inout T) {
    guard hasChanged else { return }
    if drawn != state { terminal.present(Screen.draw(state)) }
    (drawn, hasChanged) = (state, false)
  }
}

/// The moments at which the next frame and the next poll are due. Times are in nanoseconds.
struct Rhythm {
  private var lastFrame: UInt64?
  private var nextPoll: UInt64?

  init(now: UInt64) { nextPoll = now }

  /// Makes a frame due at once.
  mutating func hurry() { lastFrame = nil }

  /// Whether a frame is due at `now`. If so, the next frame is due one interval later.
  mutating func isFrameDue(at now: UInt64, interval: Int) -> Bool {
    if let last = lastFrame, now < last + UInt64(interval) * 1_000_000 { return false }
    lastFrame = now
    return true
  }

  /// Whether a poll is due.
  func isPollDue(at now: UInt64) -> Bool { nextPoll.map { now >= $0 } ?? false }

  /// Notes that the poll was called, and the pause after which it wants to be called again.
  mutating func polled(at now: UInt64, wantedIn pause: UInt64?) {
    nextPoll = pause.map { now + max(1_000_000, $0) }
  }

  /// The nanoseconds until the next frame or poll is due.
  func pause(from now: UInt64, interval: Int) -> UInt64 {
    var due = lastFrame.map { $0 + UInt64(interval) * 1_000_000 } ?? now
    if let nextPoll { due = min(due, nextPoll) }
    return due > now ? due - now : 0
  }
}

extension Interest {
  /// Whether this interest differs from `old` in anything but the set of sockets.
  fileprivate func isNew(to old: Interest) -> Bool {
    var (new, old) = (self, old)
    (new.sockets, old.sockets) = ([], [])
    return new != old
  }
}
