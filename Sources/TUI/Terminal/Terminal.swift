// What the dashboard needs of a terminal. A port: one driver for people, one in memory for tests.

/// A screen to show pictures on, with a keyboard and a clock.
public protocol Terminal: ~Copyable {
  /// The screen's size when it was opened; later sizes arrive as `Input.resize`.
  var size: Size { get }
  /// The shapes that it can show.
  var glyphs: Glyphs { get }
  /// Nanoseconds of a monotonic clock.
  var now: UInt64 { get }

  /// Shows a picture.
  mutating func present(_ canvas: Canvas)
  /// Makes the next `present` repaint every cell.
  mutating func redrawAll()
  /// Waits until something arrives, at most `nanoseconds`, and returns it; nothing when the time was up.
  mutating func wait(nanoseconds: UInt64) -> [Input]
  /// Gives the screen back, stops the process until it is continued, and takes the screen again.
  mutating func stop()
  /// Shows everything in another palette.
  mutating func use(_ theme: ThemeName)
  /// Gives a text to the clipboard, where the terminal lets programs do that (OSC 52).
  mutating func copy(_ text: String)
}

/// Why there is no screen. `description` is one line for standard error.
public enum TerminalError: Error, Equatable, CustomStringConvertible {
  /// TERM is unset or empty.
  case unnamed
  /// No entry in the terminal database.
  case unknown(String)
  /// It cannot move its cursor.
  case cannotMoveCursor(String)
  /// Standard input or output is not a terminal.
  case notATerminal
  /// It has fewer cells than the smallest picture; one that shrinks later is told so on the screen.
  case tooSmall(Size)
  /// ncurses gave no screen.
  case refused(String)

  public var description: String {
    let plain = "use -b for plain text"
    return switch self {
    case .unnamed: "cannot open the screen: TERM is not set; set it (TERM=xterm-256color) or \(plain)"
    case .unknown(let name): "terminal '\(name)' is not known here; set TERM to one that is, or \(plain)"
    case .cannotMoveCursor(let name): "terminal '\(name)' cannot move the cursor; \(plain)"
    case .notATerminal: "cannot open the screen: standard input or output is not a terminal; \(plain)"
    case .tooSmall(let size):
      "terminal is \(size.columns)x\(size.rows), the screen needs \(OverviewLayout.smallest.columns)x"
        + "\(OverviewLayout.smallest.rows); enlarge it or \(plain)"
    case .refused(let name): "cannot open the screen: ncurses refused terminal '\(name)'; \(plain)"
    }
  }
}
