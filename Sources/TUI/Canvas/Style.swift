// What a piece of the picture means. How that looks on a given terminal is the theme's business.

/// The role of a cell. Views know roles only, so that one picture serves every palette and none.
public enum Style: UInt8, CaseIterable, Sendable {
  /// Ordinary text, in the terminal's own colour.
  case text
  /// Numbers and names that the eye should find first.
  case strong
  /// Labels and explanations.
  case dim
  /// Rules, empty tracks, what only guides the eye.
  case faint
  /// The title of a section.
  case heading
  /// At work. Which state has which of these roles: Meaning.
  case busy
  /// Ready and not run: queues; and what else asks for a look.
  case eager
  /// Looking for work.
  case search
  /// In a call of the system.
  case call
  /// Made to stop.
  case stopped
  /// Waiting for the outside: sockets.
  case waiting
  /// The runtime's own threads and work.
  case system
  /// Full, lost or wrong.
  case alarm
  /// How much of something that is no state: shares, heat.
  case amount
  /// Large areas, which the plain roles would make too loud.
  case busyShade
  case eagerShade
  case waitingShade
  /// The largest value since the last frame.
  case peak
  /// A key that can be pressed.
  case key
  /// The selected row; the cursor.
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
