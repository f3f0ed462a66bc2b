// How each role looks on a terminal with 256, 16, 8 or no colours.
//
// A quiet palette: text in the terminal's own colours, middle tones that can be read on dark and on light
// grounds, and strong colour only where something is wrong. Letters and shapes carry every meaning too, so
// the level without colours loses none.

/// A palette.
public struct Theme: Sendable, Equatable {
  /// How much colour a terminal has.
  public enum Level: Sendable, CaseIterable { case mono, eight, sixteen, full }

  /// Colours as terminal colour numbers, -1 for the terminal's own.
  public struct Paint: Sendable, Equatable {
    public var foreground: Int16 = -1
    public var background: Int16 = -1
    public var isBold = false
    public var isDim = false
    public var isReversed = false
  }

  public let level: Level

  public init(level: Level) { self.level = level }

  /// The best palette for a terminal with `colors` colours; 0 for none.
  public init(colors: Int) {
    level = colors >= 256 ? .full : colors >= 16 ? .sixteen : colors >= 8 ? .eight : .mono
  }

  /// How cells of a role look.
  public func paint(_ style: Style) -> Paint {
    switch level {
    case .full: Self.full(style)
    case .sixteen: Self.few(style, faint: Paint(foreground: 8))
    case .eight: Self.few(style, faint: Paint(isDim: true))
    case .mono: Self.mono(style)
    }
  }

  private static func full(_ style: Style) -> Paint {
    switch style {
    case .text: Paint()
    case .strong: Paint(isBold: true)
    case .dim: Paint(foreground: 245)
    case .faint: Paint(foreground: 240)
    case .heading: Paint(foreground: 74, isBold: true)
    case .busy: Paint(foreground: 72)
    case .eager: Paint(foreground: 178)
    case .waiting: Paint(foreground: 68)
    case .system: Paint(foreground: 139)
    case .busyShade: Paint(foreground: 65)
    case .eagerShade: Paint(foreground: 136)
    case .waitingShade: Paint(foreground: 60)
    case .alarm: Paint(foreground: 167, isBold: true)
    case .peak: Paint(foreground: 178, isBold: true)
    case .key: Paint(foreground: 74)
    case .selected: Paint(foreground: 231, background: 239)
    case .tab: Paint(foreground: 74, isBold: true)
    case .badgeLive: Paint(foreground: 72, isBold: true)
    case .badgePaused: Paint(foreground: 232, background: 178, isBold: true)
    case .badgeEnded: Paint(foreground: 231, background: 124, isBold: true)
    }
  }

  private static func few(_ style: Style, faint: Paint) -> Paint {
    switch style {
    case .text: Paint()
    case .strong: Paint(isBold: true)
    case .dim: Paint()
    case .faint: faint
    case .heading: Paint(foreground: 6, isBold: true)
    case .busy, .busyShade: Paint(foreground: 2)
    case .eager, .eagerShade: Paint(foreground: 3)
    case .waiting, .waitingShade: Paint(foreground: 6)
    case .system: Paint(foreground: 5)
    case .alarm: Paint(foreground: 1, isBold: true)
    case .peak: Paint(foreground: 3, isBold: true)
    case .key: Paint(foreground: 6)
    case .selected: Paint(isReversed: true)
    case .tab: Paint(foreground: 6, isBold: true)
    case .badgeLive: Paint(foreground: 2, isBold: true)
    case .badgePaused: Paint(foreground: 0, background: 3)
    case .badgeEnded: Paint(foreground: 7, background: 1, isBold: true)
    }
  }

  private static func mono(_ style: Style) -> Paint {
    switch style {
    case .strong, .heading, .alarm, .peak, .key, .tab, .badgeLive: Paint(isBold: true)
    case .faint, .busyShade, .eagerShade, .waitingShade: Paint(isDim: true)
    case .selected, .badgePaused, .badgeEnded: Paint(isReversed: true)
    default: Paint()
    }
  }
}
