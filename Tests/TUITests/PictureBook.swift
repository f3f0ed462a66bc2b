// The catalogue of golden pictures, by name.
import Inspector
import Testing

@testable import TUI

/// A view drawn from a fixture. The golden file is `Pictures/NAME.txt`.
struct Picture: Sendable, CustomTestStringConvertible {
  var name: String
  var lines: [String]
  var testDescription: String { name }
}

enum PictureBook {
  static let all: [Picture] =
    sizes + conditions + overlays + tiny + plain + screens + details + walks
    + lessons

  static let sizes = [
    screen("calm-40x12", 40, 12, Fixtures.calm()), screen("calm-80x24", 80, 24, Fixtures.calm()),
    screen("calm-120x40", 120, 40, Fixtures.calm()), screen("calm-200x60", 200, 60, Fixtures.calm()),
    screen("eight-ps-40x12", 40, 12, Fixtures.many(ps: 8)),
    screen("eight-ps-80x24", 80, 24, Fixtures.many(ps: 8)),
    screen("sixty-four-ps-200x60", 200, 60, Fixtures.many(ps: 64)),
    screen("many-ps-scrolled-40x12", 40, 12, Fixtures.many(ps: 1024), keys: [.pageDown, .down]),
    screen("many-ps-scrolled-80x24", 80, 24, Fixtures.many(ps: 1024), keys: [.end]),
    screen("many-ps-scrolled-200x60", 200, 60, Fixtures.many(ps: 1024), keys: [.pageDown]),
  ]

  static let conditions = [
    screen("calm-80x24-ascii", 80, 24, Fixtures.calm(), glyphs: .ascii),
    screen("overload-200x60-ascii", 200, 60, Fixtures.overload(), glyphs: .ascii),
    screen("overload-80x24", 80, 24, Fixtures.overload()),
    screen("overload-40x12", 40, 12, Fixtures.overload()),
    screen("paused-80x24", 80, 24, Fixtures.calm(), keys: [.character(" ")]),
    screen("ended-80x24", 80, 24, Fixtures.ended()),
    screen("ended-and-paused-40x12", 40, 12, Fixtures.ended(), keys: [.character(" ")]),
    screen("empty-80x24", 80, 24, Fixtures.empty()), screen("empty-40x12", 40, 12, Fixtures.empty()),
    screen("empty-200x60", 200, 60, Fixtures.empty()), screen("no-frame-40x12", 40, 12, nil),
  ]

  static let overlays = [
    screen("help-40x12", 40, 12, Fixtures.calm(), keys: [.character("?")]),
    screen("help-80x24", 80, 24, Fixtures.calm(), keys: [.character("?")]),
    screen("help-80x24-ascii", 80, 24, Fixtures.calm(), glyphs: .ascii, keys: [.character("?")]),
  ]

  static let tiny = [(1, 1), (8, 3), (20, 5), (39, 11), (40, 11), (39, 12)].map {
    screen("tiny-\($0.0)x\($0.1)", $0.0, $0.1, Fixtures.calm())
  }

  static let plain = [
    Picture(name: "plain-80", lines: Overview.plainText(Fixtures.calm(), width: 80, glyphs: .unicode)),
    Picture(name: "plain-40-ascii", lines: Overview.plainText(Fixtures.calm(), width: 40, glyphs: .ascii)),
    Picture(
      name: "plain-132-many-ps",
      lines: Overview.plainText(Fixtures.many(ps: 40), width: 132, glyphs: .unicode)),
  ]

  /// Every screen but the Overview: at three sizes, empty, of the past, overloaded, and in ASCII.
  static let screens = ScreenID.allCases.filter { $0 != .overview }.flatMap { id -> [Picture] in
    let digit = Key.character(id.key)
    let crowd = Fixtures.detailed(Fixtures.overload(), gs: 3_000, rows: 40)
    return [
      screen("\(id)-80x24", 80, 24, Fixtures.detailed(), keys: [digit]),
      screen("\(id)-40x12", 40, 12, Fixtures.detailed(), keys: [digit, .down, .down]),
      screen("\(id)-160x50", 160, 50, crowd, keys: [digit, .down]),
      screen("\(id)-empty-80x24", 80, 24, Fixtures.empty(), keys: [digit]),
      screen("\(id)-past-80x24", 80, 24, Fixtures.past(), keys: [digit, .end]),
      screen("\(id)-ascii-100x30", 100, 30, crowd, glyphs: .ascii, keys: [digit, .pageDown]),
    ]
  }

  private static let details = [
    screen("help-gs-80x24", 80, 24, Fixtures.detailed(), keys: [.character("3"), .character("?")]),
    screen("gs-by-reason-80x24", 80, 24, Fixtures.detailed(), keys: [.character("3"), .character("o")]),
    screen(
      "gs-by-site-80x24", 80, 24, Fixtures.detailed(),
      keys: [.character("3"), .character("o"), .character("o")]),
    screen("gs-tree-80x24", 80, 24, Fixtures.detailed(), keys: [.character("3"), .character("t")]),
    screen("gs-sorted-80x24", 80, 24, Fixtures.detailed(), keys: typed("3ssss")),
    screen("gs-filtered-80x24", 80, 24, Fixtures.detailed(), keys: typed("3/reason:sleep age>1s")),
    screen("gs-no-match-40x12", 40, 12, Fixtures.detailed(), keys: typed("3/nothing") + [.enter]),
    screen("steals-64-ps-120x40", 120, 40, Fixtures.detailed(Fixtures.many(ps: 64)), keys: [.character("5")]),
    screen("latency-slices-120x40", 120, 40, Fixtures.detailed(), keys: typed("8jj")),
    screen("gs-why-80x24", 80, 24, Fixtures.detailed(), keys: typed("3jx")),
    screen("gs-why-40x12", 40, 12, Fixtures.detailed(), keys: typed("3jx") + [.pageDown]),
    screen("overview-why-80x24", 80, 24, explained(.scheduler), keys: typed("x")),
    screen("ps-why-80x24", 80, 24, explained(.p(0)), keys: typed("2x")),
    screen("ps-why-120x40", 120, 40, explained(.p(0)), keys: typed("2x")),
    screen("ps-why-40x12", 40, 12, explained(.p(0)), keys: typed("2x")),
    screen("ps-why-ascii-80x24", 80, 24, explained(.p(0)), glyphs: .ascii, keys: typed("2x")),
    screen("recording-80x24", 80, 24, Fixtures.recorded(), keys: typed("2")),
    screen("recording-failed-80x24", 80, 24, Fixtures.recorded(problem: "cannot write to it: no space left")),
    screen("trend-80x24", 80, 24, Fixtures.trended(), keys: typed("m")),
    screen("trend-200x60", 200, 60, Fixtures.trended(), keys: typed("m")),
    screen("help-overview-120x40", 120, 40, Fixtures.calm(), keys: typed("?")),
    screen("timeline-cursor-80x24", 80, 24, Fixtures.detailed(), keys: typed("7hhhhh")),
    screen("timeline-wide-200x60", 200, 60, wide(columns: 192), keys: typed("7hhhh")),
    screen("timeline-120x40", 120, 40, wide(columns: 112), keys: typed("7")),
    screen("palette-80x24", 80, 24, Fixtures.detailed(), keys: typed("3:screen") + [.down]),
    screen("palette-40x12", 40, 12, Fixtures.detailed(), keys: typed("4:")),
  ]

  /// A frame whose timeline has as many columns as fit the screen.
  private static func wide(columns: Int) -> Frame {
    var frame = Fixtures.detailed()
    frame.detail.timeline = Fixtures.timeline(rows: 2, columns: columns)
    frame.detail.timeline?.others = Fixtures.timeline(rows: 7, columns: columns).rows
    return frame
  }

  /// A frame with an explanation of a subject.
  private static func explained(_ subject: Subject) -> Frame {
    var frame = Fixtures.detailed()
    frame.detail.why = Fixtures.explanation(of: subject)
    return frame
  }
  private static let walks = [
    screen("walk-40x12", 40, 12, Fixtures.requested(), keys: typed("R")),
    screen("walk-80x24", 80, 24, Fixtures.requested(), keys: typed("Rjjjjj")),
    screen("walk-120x40", 120, 40, Fixtures.requested(), keys: typed("Rjj")),
    screen("walk-kept-80x24", 80, 24, Fixtures.requested(isKept: true), keys: typed("Rjjjjj")),
    screen("walk-ascii-100x30", 100, 30, Fixtures.requested(), glyphs: .ascii, keys: typed("Rjjjjj")),
    screen("walk-past-80x24", 80, 24, Fixtures.requested(Fixtures.past()), keys: typed("R")),
    screen("walk-none-80x24", 80, 24, Fixtures.detailed(), keys: typed("R")),
    screen("walk-none-40x12", 40, 12, nil, keys: typed("R")),
    screen("help-walk-80x24", 80, 24, Fixtures.requested(), keys: typed("R?")),
    screen("boot-40x12", 40, 12, Fixtures.booted(), keys: typed("Bjj")),
    screen("boot-80x24", 80, 24, Fixtures.booted(), keys: typed("B")),
    screen("boot-120x40", 120, 40, Fixtures.booted(), keys: typed("Bjj")),
    screen("boot-ascii-80x24", 80, 24, Fixtures.booted(), glyphs: .ascii, keys: typed("Bjjj")),
    screen("boot-none-80x24", 80, 24, Fixtures.calm(), keys: typed("B")),
  ]

  private static func typed(_ text: String) -> [Key] { text.unicodeScalars.map { .character($0) } }

  /// The picture after a frame and some keys.
  private static func screen(
    _ name: String, _ columns: Int, _ rows: Int, _ frame: Frame?, glyphs: Glyphs = .unicode, keys: [Key] = []
  ) -> Picture {
    var state = AppState(size: Size(columns: columns, rows: rows), glyphs: glyphs)
    if let frame { _ = state.update(.frame(frame)) }
    for key in keys { _ = state.update(.input(.key(key))) }
    return Picture(name: name, lines: Screen.draw(state).lines)
  }
}
