// The loop: ask for a frame, draw, wait for a key, repeat.
//
// Everything that decides is in `AppState.update`, everything that draws in `Screen.draw`; what is left here
// is time. Frames are asked for at the refresh interval. A source whose rings overflow faster than that gives
// a `poll` as well, which is called in between, on the same thread, whenever it wants to be.
//
// Who presses a key waits for nothing that need not be: all that has come is taken in before there is a picture of any of it,
// once more when a frame has been read, and what ends the program ends it there. To a key nothing is made anew that is of the
// frame alone (Memo.swift), and a source that reads long looks whether anything has been typed meanwhile (Detailer §2).
public import Inspector

/// How a run of the dashboard ended.
public struct Ending: Sendable, Equatable {
  public enum Cause: Sendable, Equatable {
    /// Somebody pressed `q`, Esc or Ctrl-C.
    case quit
    /// A signal asked for it, by number.
    case signal(Int32)
    /// The terminal is gone.
    case hangUp
  }
  public var cause: Cause
  /// How the target had ended by then, in the words of `Frame.ended`; `nil` if it ran on.
  public var targetEnded: String?
}

/// The dashboard. `try App(options).run { source.frame() }` is all that a program needs.
public struct App: Sendable {
  public struct Options: Sendable {
    /// What of the terminal is wanted.
    public var terminal = NCursesTerminal.Options()
    /// Milliseconds between two frames, at first; less than 10 is taken as 10.
    public var interval = AppState.usualInterval
    /// Lets other threads ask for a new frame at once.
    public var waker: Waker?
    /// The screen to begin with.
    public var screen = ScreenID.overview
    public init() {}
  }

  public var options: Options

  public init(_ options: Options = Options()) { self.options = options }

  /// Shows frames on the process's terminal until somebody has had enough. The terminal is given back on
  /// every way out, a crash included.
  ///
  /// Call it on a plain thread with a full stack; a program with more threads calls
  /// `NCursesTerminal.blockSignals()` before it starts them. When the target ends, the last frame stays on
  /// the screen, marked ENDED, until somebody quits.
  ///
  /// - Parameters:
  ///   - poll: called between frames, for sources that have to read more often than the screen changes; returns after
  ///     how many nanoseconds it wants to be called again, with less than a millisecond taken as that; `nil` for never.
  ///   - travel: called when another moment is wanted; frames are then asked for at once.
  ///   - interest: called when something else is on the screen, with what the next frames should tell besides gauges.
  ///   - record: called when history is to be kept in a file; says what came of it in a few words.
  ///   - again: called when a process of the name of the one that has ended is wanted; frames are of that from then on.
  ///   - next: the newest frame, or `nil` when there is none that is newer than the last one.
  public func run(
    poll: () -> UInt64? = { nil }, travel: (TimeCommand) -> Void = { _ in },
    interest: (Interest) -> Void = { _ in }, record: (RecordCommand) -> String = { _ in "" },
    again: () -> Again = { .not("there is no other") }, next: () -> Frame?
  ) throws(TerminalError) -> Ending {
    var terminal = try NCursesTerminal(options.terminal, waker: options.waker)
    return run(
      on: &terminal, poll: poll, travel: travel, interest: interest, record: record, again: again,
      next: next)
  }

  /// The same on any terminal.
  public func run<T: Terminal & ~Copyable>(
    on terminal: inout T, poll: () -> UInt64? = { nil },
    travel: (TimeCommand) -> Void = { _ in }, interest: (Interest) -> Void = { _ in },
    record: (RecordCommand) -> String = { _ in "" }, again: () -> Again = { .not("there is no other") },
    next: () -> Frame?
  ) -> Ending {
    let state = AppState(
      size: terminal.size, interval: options.interval, glyphs: terminal.glyphs, screen: options.screen,
      theme: options.terminal.theme)
    var loop = Loop(state: state, rhythm: Rhythm(now: terminal.now))
    while true {
      if loop.isWishStale, loop.changeWish(tell: interest) { loop.rhythm.hurry() }
      // What a key has changed is seen at once; a frame of a moment that has passed may take a while.
      if loop.drawn != nil { loop.show(on: &terminal) }
      if loop.rhythm.isFrameDue(at: terminal.now, interval: loop.state.interval), let frame = next() {
        if Self.follow(loop.state.update(.frame(frame)), travel) { loop.rhythm.hurry() }
        // What a frame tells may lead to the next question, which is not to wait for the next frame's turn.
        if loop.changeWish(tell: interest) { loop.rhythm.hurry() }
        loop.hasChanged = true
        // Nor is who pressed a key while it was made to wait for its picture.
        if let ending = take(&loop, nanoseconds: 0, on: &terminal, travel, record, again) { return ending }
      }
      loop.show(on: &terminal)
      let pause = loop.rhythm.pause(from: terminal.now, interval: loop.state.interval)
      if let ending = take(&loop, nanoseconds: pause, on: &terminal, travel, record, again) { return ending }
      if loop.rhythm.isPollDue(at: terminal.now) { loop.rhythm.polled(at: terminal.now, wantedIn: poll()) }
    }
  }

  /// Nanoseconds for which what arrives is taken in before there is a picture: who types without end sees some, too.
  private static let patience: UInt64 = 30_000_000

  /// Waits for what arrives, and takes in all that is there: one picture answers it, however many keys it is.
  ///
  /// - Returns: how it ended, as soon as something that has arrived ends it.
  private func take<T: Terminal & ~Copyable>(
    _ loop: inout Loop, nanoseconds: UInt64, on terminal: inout T, _ travel: (TimeCommand) -> Void,
    _ record: (RecordCommand) -> String, _ again: () -> Again
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
        if effect == .again, Self.attach(again(), &loop.state) { loop.rhythm.hurry() }
        if perform(effect, on: &terminal) { loop.drawn = nil }
        (loop.hasChanged, loop.isWishStale) = (true, true)
      }
      inputs = terminal.now < end ? terminal.wait(nanoseconds: 0) : []
    }
    return nil
  }

  /// Goes to another moment if the effect asks for one; returns whether it did.
  private static func follow(_ effect: Effect, _ travel: (TimeCommand) -> Void) -> Bool {
    guard case .time(let command) = effect else { return false }
    travel(command)
    return true
  }

  /// Tells the state what came of looking for another process; returns whether there is one.
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

  /// Does what an update asked for; returns whether the picture has to be shown again.
  private func perform<T: Terminal & ~Copyable>(_ effect: Effect, on terminal: inout T) -> Bool {
    switch effect {
    case .redrawAll: terminal.redrawAll()
    case .stop: terminal.stop()
    case .copy(let text):
      terminal.copy(text)
      return false
    case .theme(let name): terminal.use(name)
    case .nothing, .end, .time, .record, .again: return false
    }
    return true
  }
}

/// What came of looking for a process of the name of the one that has ended, in a few words.
public enum Again: Sendable, Equatable {
  case attached(String)
  /// Why not.
  case not(String)
}

/// What the loop knows from one round to the next.
private struct Loop {
  var state: AppState
  var rhythm: Rhythm
  /// What the terminal shows.
  var drawn: AppState?
  /// Whether anything came since the last comparison, and since the last wish: states are large, and polls are many.
  var hasChanged = true
  var isWishStale = true
  /// What the source was asked to tell last.
  private var told = Interest.none

  init(state: AppState, rhythm: Rhythm) { (self.state, self.rhythm) = (state, rhythm) }

  /// Tells the source what is wanted, if it is something else; returns whether it is, rather than more or less of the same.
  mutating func changeWish(tell: (Interest) -> Void) -> Bool {
    let wish = state.interest
    let isNew = wish.isNew(to: told)
    if wish != told { tell(wish) }
    (told, isWishStale) = (wish, false)
    return isNew
  }

  /// Shows what has changed.
  mutating func show<T: Terminal & ~Copyable>(on terminal: inout T) {
    guard hasChanged else { return }
    if drawn != state { terminal.present(Screen.draw(state)) }
    (drawn, hasChanged) = (state, false)
  }
}

/// When the next frame and the next poll are due. Times are nanoseconds.
struct Rhythm {
  private var lastFrame: UInt64?
  private var nextPoll: UInt64?

  init(now: UInt64) { nextPoll = now }

  /// Makes a frame due at once.
  mutating func hurry() { lastFrame = nil }

  /// Whether a frame is due; if so, it counts as taken.
  mutating func isFrameDue(at now: UInt64, interval: Int) -> Bool {
    if let last = lastFrame, now < last + UInt64(interval) * 1_000_000 { return false }
    lastFrame = now
    return true
  }

  /// Whether a poll is due.
  func isPollDue(at now: UInt64) -> Bool { nextPoll.map { now >= $0 } ?? false }

  /// It was done, and wants to be done again.
  mutating func polled(at now: UInt64, wantedIn pause: UInt64?) {
    nextPoll = pause.map { now + max(1_000_000, $0) }
  }

  /// How long nothing is due.
  func pause(from now: UInt64, interval: Int) -> UInt64 {
    var due = lastFrame.map { $0 + UInt64(interval) * 1_000_000 } ?? now
    if let nextPoll { due = min(due, nextPoll) }
    return due > now ? due - now : 0
  }
}

extension Interest {
  /// Whether something else is wanted, rather than more or less of the same.
  fileprivate func isNew(to old: Interest) -> Bool {
    var (new, old) = (self, old)
    (new.sockets, old.sockets) = ([], [])
    return new != old
  }
}
