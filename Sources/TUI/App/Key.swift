// Keys that a person can press, and other things that can happen to a terminal.

/// A key, or a movement of the mouse that works as one.
public enum Key: Sendable, Hashable {
  case character(Unicode.Scalar)
  /// A letter held down with Control.
  case control(Unicode.Scalar)
  case escape, enter, tab, backTab, backspace
  case up, down, left, right, pageUp, pageDown, home, end
  case function(Int)
  case wheelUp, wheelDown

  /// The name on the key, in ASCII.
  var name: String {
    switch self {
    case .character(" "): "Space"
    case .character(let scalar): String(Character(scalar))
    case .control(let scalar): "Ctrl-" + String(Character(scalar)).uppercased()
    case .escape: "Esc"
    case .enter: "Enter"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .backspace: "Backspace"
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .function(let number): "F\(number)"
    case .wheelUp: "wheel up"
    case .wheelDown: "wheel down"
    }
  }
}

/// An event that arrived at a terminal.
public enum Input: Sendable, Equatable {
  case key(Key)
  /// A press of the mouse's first button, at a cell.
  case click(x: Int, y: Int)
  /// Pasted text. Whatever it contains, it never acts as keys.
  case paste(String)
  case resize(Size)
  /// Ctrl-Z: the process is asked to stop.
  case stop
  /// The screen may no longer show what was drawn, because the process was stopped or the window's size
  /// changed for a time.
  case disturbed
  /// A signal asked the process to end; the value is its number.
  case terminate(Int32)
  /// The terminal is gone.
  case hangUp
  /// Another thread has something new to show.
  case wake
}
