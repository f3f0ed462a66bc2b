// What a piece of the picture means. The theme decides how that looks on a given terminal.

/// The role of a cell. Views know only roles, so one picture serves every palette and terminals without
/// colours.
public enum Style: UInt8, CaseIterable, Sendable {
  /// Ordinary text, in the terminal's own colour.
  case text
  /// Numbers and names that the eye should find first.
  case strong
  /// Labels and explanations.
  case dim
  /// Rules and empty tracks, which only guide the eye.
  case faint
  /// The title of a section.
  case heading
  /// At work. `Meaning` says which state has which role.
  case busy
  /// Ready but not running: queues. Also everything else that asks for a look.
  case eager
  /// Looking for work.
  case search
  /// In a system call.
  case call
  /// Made to stop.
  case stopped
  /// Waiting for the world outside: sockets.
  case waiting
  /// The runtime's own threads and work.
  case system
  /// Full, lost or wrong.
  case alarm
  /// An amount that is no state: shares, heat.
  case amount
  /// Quieter roles for large areas, where the plain roles would be too loud.
  case busyShade
  case eagerShade
  case waitingShade
  /// The largest value since the last frame.
  case peak
  /// A key that can be pressed.
  case key
  /// The selected row, and the cursor.
  case selected
  /// The tab of the screen that is shown.
  case tab
  /// The badges in the header.
  case badgeLive
  case badgePaused
  case badgeEnded

  /// The quieter relative of a role, for large areas.
  var shade: Style {
    switch self {
    case .busy: .busyShade
    case .eager: .eagerShade
    case .waiting: .waitingShade
    default: self
    }
  }
}
