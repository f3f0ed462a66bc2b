// The loop of the lessons: let the course go on, draw, wait for a key, repeat.
package import Inspector
package import Lessons

/// The course of lessons, as the loop sees it: its state, its frames, and its answers to the user's keys.
package protocol Classroom: AnyObject {
  var board: Board { get }
  /// Goes on with the course as far as its timing says. Returns the nanoseconds until `advance` is to be
  /// called again.
  func advance() -> UInt64
  /// Returns the newest frame of the lesson's scheduler, for the stage; nil: no scheduler runs.
  func frame() -> Frame?
  /// Carries out what the user asked for with a key.
  func perform(_ wish: LessonState.Wish)
}

/// The loop that shows the lessons, until the user ends it.
package struct LessonApp: Sendable {
  package var options: App.Options

  package init(_ options: App.Options) { self.options = options }

  /// Nanoseconds between two frames, while something happens and while nothing does.
  private static let frames: (busy: UInt64, calm: UInt64) = (60_000_000, 250_000_000)

  /// Shows the lessons on the process's terminal.
  package func run(_ room: some Classroom) throws(TerminalError) -> Ending {
    var terminal = try NCursesTerminal(options.terminal, waker: options.waker)
    return run(on: &terminal, room)
  }

  /// Shows the lessons on the given terminal.
  package func run<T: Terminal & ~Copyable>(on terminal: inout T, _ room: some Classroom) -> Ending {
    var state = LessonState(size: terminal.size, glyphs: terminal.glyphs, board: room.board)
    var (shown, nextFrame): (Canvas?, UInt64) = (nil, 0)
    while true {
      let pause = room.advance()
      state.show(room.board)
      let interval = state.board.isBusy ? Self.frames.busy : Self.frames.calm
      if terminal.now >= nextFrame {
        state.frame = room.frame()
        nextFrame = terminal.now + interval
      }
      let picture = LessonScreen(state).draw()
      if picture != shown {
        terminal.present(picture)
        shown = picture
      }
      let rest = nextFrame > terminal.now ? nextFrame - terminal.now : 0
      for input in terminal.wait(nanoseconds: min(pause, rest)) {
        switch input {
        case .key(let key):
          guard let wish = state.take(key) else { continue }
          if wish == .quit { return Ending(cause: .quit) }
          if wish == .redraw { (shown, _) = (nil, terminal.redrawAll()) }
          room.perform(wish)
          state.show(room.board)
          nextFrame = 0
        case .resize(let size): state.size = size
        case .stop:
          terminal.stop()
          shown = nil
        case .disturbed:
          terminal.redrawAll()
          shown = nil
        case .terminate(let signal): return Ending(cause: .signal(signal))
        case .hangUp: return Ending(cause: .hangUp)
        case .wake: nextFrame = 0
        case .click, .paste: break
        }
      }
    }
  }
}

extension Board {
  /// Whether the stage changes without a key.
  fileprivate var isBusy: Bool { part == .happening || isSettingUp }
}
