// The meaning of a piece of the picture. The theme decides how that looks on a given terminal.

/// The role of a cell. Views know only roles, so one picture serves every palette and terminals without
/// colours.
public enum Style: UInt8, CaseIterable, Sendable {
  /// The role of ordinary text, in the terminal's own colour.
  case text
  /// The role of numbers and names that the eye should find first.
  case strong
  /// The role of labels and explanations.
  case dim
  /// The role of rules and empty tracks, which only guide the eye.
  case faint
  /// The role of a section's title.
  case heading
  /// The role of what is at work. `Meaning` says which state has which role.
  case busy
  /// The role of what is ready but not running, such as a queue, and of everything else that asks for a look.
  case eager
  /// The role of what looks for work.
  case search
  /// The role of what is in a system call.
  case call
  /// The role of what was made to stop, such as a preempted G.
  case stopped
  /// The role of what waits for the world outside: sockets.
  case waiting
  /// The role of the runtime's own threads and work.
  case system
  /// The role of what is full, lost or wrong.
  case alarm
  /// The role of an amount that is no state: shares, heat.
  case amount
  /// Quieter roles for large areas, where the plain roles would be too loud.
  case busyShade
  case eagerShade
  case waitingShade
  /// The role of the largest value since the last frame.
  case peak
  /// The role of a key that can be pressed.
  case key
  /// The role of the selected row, and of the cursor.
  case selected
  /// The role of the tab of the screen that is shown.
  case tab
  /// The roles of Gs by the G that spawned them. There are only six roles, so Gs of different spawners may look alike.
  case spawner0, spawner1, spawner2, spawner3, spawner4, spawner5
  /// The roles of the badges in the header.
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
