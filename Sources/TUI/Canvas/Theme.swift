// How each role looks on a terminal with 256, 16, 8 or no colours.
//
// The palette is quiet: text in the terminal's own colours, middle tones that can be read on dark and on
// light grounds, and strong colour only where something is wrong. Letters and shapes carry every meaning too,
// so a terminal without colours loses none.

/// The palettes by name. On terminals with few colours, all palettes but `mono` look the same.
public enum ThemeName: String, Sendable, CaseIterable {
  /// A palette of middle tones, which can be read on dark and on light grounds.
  case calm
  /// Palettes for dark grounds only and for light grounds only, with more contrast than `calm`, which must fit both.
  case dark, light
  /// A palette that is bright and bold.
  case contrast
  /// A palette whose colours can be told apart with any kind of colour vision (Okabe and Ito).
  case safe
  /// A palette without colours.
  case mono

  var next: ThemeName {
    let all = Self.allCases
    return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
  }

  /// The roles that this palette paints differently from `calm`.
  var colors: [Style: Theme.Paint] {
    switch self {
    case .calm, .mono: [:]
    case .dark:
      Self.tones(
        busy: 114, eager: 221, search: 152, call: 215, stopped: 141, waiting: 111, system: 182, alarm: 203,
        key: 117, dim: 249, faint: 243)
    case .light:
      Self.tones(
        busy: 28, eager: 130, search: 30, call: 58, stopped: 56, waiting: 25, system: 90, alarm: 124, key: 24,
        dim: 240, faint: 248)
    case .contrast:
      Self.tones(
        busy: 46, eager: 226, search: 159, call: 208, stopped: 141, waiting: 51, system: 213, alarm: 196,
        key: 51, dim: 255, faint: 250,
        isBold: true)
    case .safe:
      Self.tones(
        busy: 36, eager: 214, search: 152, call: 33, stopped: 227, waiting: 74, system: 175, alarm: 202,
        key: 74, dim: 247, faint: 242)
    }
  }

  private static func tones(
    busy: Int16, eager: Int16, search: Int16, call: Int16, stopped: Int16, waiting: Int16, system: Int16,
    alarm: Int16, key: Int16, dim: Int16, faint: Int16, isBold: Bool = false
  ) -> [Style: Theme.Paint] {
    func paint(_ color: Int16, _ bold: Bool = false) -> Theme.Paint {
      Theme.Paint(foreground: color, isBold: bold || isBold)
    }
    return [
      .busy: paint(busy), .busyShade: paint(busy), .eager: paint(eager), .eagerShade: paint(eager),
      .search: paint(search), .call: paint(call), .stopped: paint(stopped), .waiting: paint(waiting),
      .waitingShade: paint(waiting), .system: paint(system), .amount: paint(dim),
      .alarm: paint(alarm, true),
      .peak: paint(eager, true), .key: paint(key), .heading: paint(key, true), .tab: paint(key, true),
      .dim: paint(dim), .faint: paint(faint), .badgeLive: paint(busy, true),
    ]
  }
}

/// A palette for a terminal with a given level of colour.
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
  public let name: ThemeName

  public init(level: Level, name: ThemeName = .calm) { (self.level, self.name) = (level, name) }

  /// The best palette for a terminal with `colors` colours; 0 for none.
  public init(colors: Int, name: ThemeName = .calm) {
    level =
      name == .mono ? .mono : colors >= 256 ? .full : colors >= 16 ? .sixteen : colors >= 8 ? .eight : .mono
    self.name = name
  }

  /// The look of the cells of a role.
  public func paint(_ style: Style) -> Paint {
    switch level {
    case .full: full(style)
    case .sixteen: Self.few(style, faint: Paint(foreground: 8))
    case .eight: Self.few(style, faint: Paint(isDim: true))
    case .mono: Self.mono(style)
    }
  }

  /// How a role looks where the terminal has all colours: the palette's own look, or else that of `calm`.
  private func full(_ style: Style) -> Paint {
    guard let paint = name.colors[style] else { return Self.calm(style) }
    return paint
  }

  private static func calm(_ style: Style) -> Paint {
    switch style {
    case .text: Paint()
    case .strong: Paint(isBold: true)
    case .dim: Paint(foreground: 245)
    case .faint: Paint(foreground: 240)
    case .heading: Paint(foreground: 74, isBold: true)
    case .busy: Paint(foreground: 72)
    case .eager: Paint(foreground: 178)
    case .search: Paint(foreground: 101)
    case .call: Paint(foreground: 173)
    case .stopped: Paint(foreground: 98)
    case .waiting: Paint(foreground: 68)
    case .system: Paint(foreground: 139)
    case .busyShade: Paint(foreground: 65)
    case .eagerShade: Paint(foreground: 136)
    case .waitingShade: Paint(foreground: 60)
    case .amount: Paint(foreground: 66)
    case .alarm: Paint(foreground: 167, isBold: true)
    case .peak: Paint(foreground: 178, isBold: true)
    case .key: Paint(foreground: 74)
    case .selected: Paint(foreground: 231, background: 239)
    case .tab: Paint(foreground: 74, isBold: true)
    case .spawner0: Paint(foreground: 72, isBold: true)
    case .spawner1: Paint(foreground: 178, isBold: true)
    case .spawner2: Paint(foreground: 68, isBold: true)
    case .spawner3: Paint(foreground: 173, isBold: true)
    case .spawner4: Paint(foreground: 139, isBold: true)
    case .spawner5: Paint(foreground: 37, isBold: true)
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
    case .search: Paint(foreground: 4, isBold: true)
    case .call: Paint(foreground: 4)
    case .stopped: Paint(foreground: 1)
    case .waiting, .waitingShade: Paint(foreground: 6)
    case .system: Paint(foreground: 5)
    case .amount: Paint()
    case .alarm: Paint(foreground: 1, isBold: true)
    case .peak: Paint(foreground: 3, isBold: true)
    case .key: Paint(foreground: 6)
    case .selected: Paint(isReversed: true)
    case .tab: Paint(foreground: 6, isBold: true)
    case .spawner0: Paint(foreground: 2, isBold: true)
    case .spawner1: Paint(foreground: 3, isBold: true)
    case .spawner2: Paint(foreground: 4, isBold: true)
    case .spawner3: Paint(foreground: 1)
    case .spawner4: Paint(foreground: 5, isBold: true)
    case .spawner5: Paint(foreground: 6, isBold: true)
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
