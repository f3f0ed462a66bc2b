// A terminal as the dashboard needs it. There are two drivers: one for people, one in memory for tests.

/// A screen that shows pictures, with a keyboard and a clock.
public protocol Terminal: ~Copyable {
  /// The screen's size. Changes arrive as `Input.resize`.
  var size: Size { get }
  /// The shapes that the terminal can show.
  var glyphs: Glyphs { get }
  /// The time of a monotonic clock, in nanoseconds.
  var now: UInt64 { get }

  /// Shows a picture.
  mutating func present(_ canvas: Canvas)
  /// Makes the next `present` repaint every cell.
  mutating func redrawAll()
  /// Waits up to `nanoseconds` for inputs and returns them; empty when none came in time.
  mutating func wait(nanoseconds: UInt64) -> [Input]
  /// Gives the screen back, stops the process, and takes the screen again when the process is continued.
  mutating func stop()
  /// Shows everything in another palette.
  mutating func use(_ theme: ThemeName)
  /// Copies a text to the clipboard, if the terminal lets programs do that (OSC 52).
  mutating func copy(_ text: String)
}

/// The reason why there is no screen. `description` is one line for standard error.
public enum TerminalError: Error, Equatable, CustomStringConvertible {
  /// TERM is unset or empty.
  case unnamed
  /// The terminal database has no entry for TERM.
  case unknown(String)
  /// The terminal cannot move its cursor.
  case cannotMoveCursor(String)
  /// Standard input or output is not a terminal.
  case notATerminal
  /// The terminal is smaller than the smallest picture. A terminal that shrinks later gets a message on the
  /// screen instead.
  case tooSmall(Size)
  /// ncurses did not open the terminal, for another reason.
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
