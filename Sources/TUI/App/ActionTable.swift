// The one table of actions. The keyboard, the help, the footer, the palette and the manual page are made from
// it.
//
// The digits show screens, and `0` shows the tracer's screen. So the key for the first moment of history is
// not `0` but `b` (the beginning), the counterpart of `n` (now).

/// One action with its keys and its title in the palette.
struct ActionRow: Sendable {
  /// A stable name for configuration: `time.step-back`.
  let id: String
  let action: Action
  /// The keys that perform the action. The footer teaches only the first one.
  let keys: [Key]
  let title: String

  init(_ id: String, _ action: Action, _ keys: [Key], _ title: String) {
    (self.id, self.action, self.keys, self.title) = (id, action, keys, title)
  }
}

/// Actions that share one line of the help.
struct ActionGroup: Sendable {
  let rows: [ActionRow]
  /// The purpose of the actions, in the help's words.
  let help: String
  /// The purpose of the actions, in a word or two for the footer; empty when the footer leaves the group out.
  let footer: String
  /// The order in the footer: groups with a smaller rank stand first. Where room is short, the groups with the largest
  /// ranks are dropped first. The keys of a single screen have `Self.ownRank`.
  let rank: Int
  /// The screens on which the keys mean something; nil: on all.
  let screens: Set<ScreenID>?
  /// The overlay that the keys belong to; nil: the keys belong to the screens.
  let overlay: OverlayID?
  /// The keys as the footer shows them.
  let footerKeys: String

  static let ownRank = 4
  /// The rank of the keys that start and end loads on the target. The footer shows each of these keys with a word of
  /// its own, and only while the target takes loads.
  static let loadRank = 6
  /// The rank of the keys that hold and step the scheduler. The footer shows them on the stage, if the target can be
  /// paced.
  static let paceRank = 5
  /// The rank of the keys that move through time. If a user chose a refresh interval, the footer shows it right behind
  /// these keys.
  static let timeRank = 8
  /// The rank of the key that attaches to a new process with the ended target's name. The footer shows the key only
  /// after the target's end, because it does nothing before.
  static let againRank = 0

  init(
    _ help: String, footer: String = "", rank: Int = ownRank, keys: String? = nil,
    on screens: Set<ScreenID>? = nil, over overlay: OverlayID? = nil, _ rows: [ActionRow]
  ) {
    (self.help, self.footer, self.screens, self.overlay, self.rows) = (help, footer, screens, overlay, rows)
    self.rank = rank
    footerKeys = keys ?? rows.compactMap(\.keys.first?.name).joined(separator: " ")
  }

  /// The keys as the help shows them: `q Ctrl-C`. The mouse wheel is left out.
  var keyNames: String {
    rows.flatMap(\.keys).filter { $0 != .wheelUp && $0 != .wheelDown }.map(\.name).joined(separator: " ")
  }
  /// The first key of each action.
  var mainKeyNames: String { rows.compactMap(\.keys.first?.name).joined(separator: " ") }
}

enum ActionTable {
  /// The groups that are in force on a screen: the overlay's first, then the screen's own, then the common
  /// ones.
  static func groups(on screen: ScreenID, over overlay: OverlayID? = nil) -> [ActionGroup] {
    own(overlay) + own(screen) + common
  }

  static func own(_ screen: ScreenID) -> [ActionGroup] { all.filter { $0.screens?.contains(screen) == true } }
  static func own(_ overlay: OverlayID?) -> [ActionGroup] {
    overlay == nil ? [] : all.filter { $0.overlay == overlay }
  }
  static let common = all.filter { $0.screens == nil && $0.overlay == nil }

  /// Returns the groups of keys that the footer shows on a screen, most important first. A group is left out if its
  /// first key does something else in the overlay.
  static func footer(on screen: ScreenID, over overlay: OverlayID?) -> [ActionGroup] {
    let taken = own(overlay).flatMap(\.rows).flatMap(\.keys)
    return groups(on: screen).filter { group in
      !group.footer.isEmpty && group.rows.first?.keys.first.map(taken.contains) != true
    }.sorted { $0.rank < $1.rank }
  }

  static let all: [ActionGroup] =
    general + time + loads + screens + moving + explaining + lists + special + overlays

  private static let general = [
    ActionGroup(
      "show or hide this help", footer: "help", rank: 1,
      [ActionRow("help", .help, [.character("?"), .function(1)], "Help about this screen")]),
    ActionGroup(
      "explain what is selected: what, why, since when", footer: "explain", rank: 2,
      [
        ActionRow(
          "why", .why, [.character("x")], "Explain what is selected: what just happened to it, and why")
      ]),
    ActionGroup(
      "quit", footer: "quit", rank: 3,
      [ActionRow("quit", .quit, [.character("q"), .control("c"), .function(10)], "Quit")]),
    ActionGroup(
      "after its end: look at it again, once it runs again", footer: "again", rank: ActionGroup.againRank,
      [ActionRow("again", .again, [.character("r")], "Look at the ended program again, once it runs again")]),
    ActionGroup(
      "pause/resume the view", footer: "pause", rank: 7,
      [ActionRow("pause", .pause, [.character(" "), .character("Z")], "Pause or resume the view")]),
  ]

  private static let time = [
    ActionGroup(
      "back/forth: an event, 100 ms", footer: "time", rank: ActionGroup.timeRank,
      [
        ActionRow(
          "time.step-back", .travel(.stepBack), [.character("["), .character(",")], "One event back"),
        ActionRow("time.step-forward", .travel(.stepForward), [.character("]")], "One event forth"),
        ActionRow("time.jump-back", .travel(.jumpBack), [.character("{"), .left], "100 ms back"),
        ActionRow("time.jump-forward", .travel(.jumpForward), [.character("}"), .right], "100 ms forth"),
      ]),
    ActionGroup(
      "play; slower/faster; first moment/now",
      [
        ActionRow("time.play", .travel(.play), [.character("p")], "Play, or stop playing"),
        ActionRow("time.slower", .travel(.playSlower), [.character("<")], "Play more slowly"),
        ActionRow("time.faster", .travel(.playFaster), [.character(">")], "Play faster"),
        ActionRow("time.begin", .travel(.start), [.character("b")], "To the first moment"),
        ActionRow("time.now", .travel(.now), [.character("n")], "To now"),
      ]),
    ActionGroup(
      "events and Gs of a past moment",
      [ActionRow("report", .report, [.character("e")], "Report of a past moment")]),
    ActionGroup(
      "record what follows; write the last 30 s",
      [
        ActionRow(
          "record", .record(.toggle), [.character("a")], "Begin or end a recording of what follows"),
        ActionRow(
          "write", .record(.writeLast), [.character("w")], "Write the last 30 seconds to a file"),
      ]),
    ActionGroup(
      "hold the scheduler or let it run; one decision", footer: "hold, step", rank: ActionGroup.paceRank,
      [
        ActionRow("pace.hold", .pace(.hold), [.character("z")], "Hold the scheduler, or let it run"),
        ActionRow("pace.step", .pace(.step), [.character(".")], "One decision of the scheduler"),
      ]),
    ActionGroup(
      "fewer/more decisions a second",
      [
        ActionRow("pace.slower", .pace(.slower), [.character("(")], "Fewer decisions a second"),
        ActionRow("pace.faster", .pace(.faster), [.character(")")], "More decisions a second"),
      ]),
    ActionGroup(
      "refresh less/more often", footer: "interval", rank: 12,
      [
        ActionRow("slower", .slower, [.character("+"), .character("=")], "Refresh less often"),
        ActionRow("faster", .faster, [.character("-")], "Refresh more often"),
      ]),
  ]

  private static let loads = [
    ActionGroup(
      "mpg-demo: calm, flood, burst, hog, block, crowd", footer: "load", rank: ActionGroup.loadRank,
      [
        ActionRow("load.calm", .load(.calm), [.character("Q")], "Calm: end all loads on mpg-demo"),
        ActionRow("load.flood", .load(.toggle(.flood)), [.character("L")], "Flood mpg-demo, or end it"),
        ActionRow(
          "load.burst", .load(.toggle(.burst)), [.character("U")], "A burst on mpg-demo: overflow, steals"),
        ActionRow("load.hog", .load(.toggle(.hog)), [.character("H")], "Hogs on mpg-demo, or end them"),
        ActionRow(
          "load.block", .load(.toggle(.block)), [.character("K")], "Blocking calls on mpg-demo, or end"),
        ActionRow(
          "load.crowd", .load(.toggle(.connections)), [.character("C")], "10,000 connections to mpg-demo"),
      ])
  ]

  private static let screens = [
    ActionGroup(
      "the screens, by their digits; the stage",
      ScreenID.allCases.map { screen in
        ActionRow("screen.\(screen)", .show(screen), [.character(screen.key)], "Screen: \(screen.title)")
      }),
    ActionGroup(
      "next/previous screen", footer: "screen", rank: 10, keys: "Tab",
      [
        ActionRow("screen.next", .nextScreen, [.tab], "Next screen"),
        ActionRow("screen.previous", .previousScreen, [.backTab], "Previous screen"),
      ]),
    ActionGroup(
      "the next theme of colours", [ActionRow("theme", .theme, [.character("T")], "Next theme of colours")]),
    ActionGroup(
      "all actions by name; :goto 1.5s; of Go :trace 2s",
      [
        ActionRow("palette", .palette, [.character(":")], "All actions by name"),
        ActionRow("trace", .trace(.last), [], "Go: the last trace, or take one of 2 s"),
      ]),
  ]

  private static let moving = [
    ActionGroup(
      "move or scroll",
      [
        ActionRow("up", .up, [.up, .character("k"), .wheelUp], "Up"),
        ActionRow("down", .down, [.down, .character("j"), .wheelDown], "Down"),
      ]),
    ActionGroup(
      "the same by a page",
      [
        ActionRow("page-up", .pageUp, [.pageUp, .control("b")], "A page up"),
        ActionRow("page-down", .pageDown, [.pageDown, .control("f")], "A page down"),
      ]),
    ActionGroup(
      "to the first or the last",
      [
        ActionRow("first", .first, [.home, .character("g")], "To the first"),
        ActionRow("last", .last, [.end, .character("G")], "To the last"),
      ]),
    ActionGroup(
      "redraw; stop (then fg)",
      [
        ActionRow("redraw", .redraw, [.control("l")], "Draw everything again"),
        ActionRow("stop", .stop, [.control("z")], "Stop mpgtop; fg goes on"),
      ]),
    ActionGroup("back: close, clear, the screen before", [ActionRow("back", .back, [.escape], "Back")]),
  ]

  private static let explaining = [
    ActionGroup(
      "follow a request, step by step", footer: "request", rank: 9,
      [ActionRow("request", .followRequest, [.character("R")], "Follow a request, step by step")]),
    ActionGroup(
      "the boot: what was before the program", footer: "boot", rank: 11,
      [ActionRow("boot", .boot, [.character("B")], "What the runtime did before the program")]),
  ]

  private static let overlays = [
    ActionGroup(
      "the step before/after: its moment", footer: "step", keys: "Up Down", over: .walk,
      [
        ActionRow("walk.up", .up, [.up, .character("k"), .wheelUp], "The step before"),
        ActionRow("walk.down", .down, [.down, .character("j"), .wheelDown], "The step after"),
      ]),
    ActionGroup(
      "the request before/after", footer: "request", keys: "Left Right", over: .walk,
      [
        ActionRow("walk.before", .requestBefore, [.left, .character("h")], "The request before"),
        ActionRow("walk.after", .requestAfter, [.right, .character("l")], "The request after"),
      ]),
    ActionGroup(
      "the next request, also one still to come", footer: "next", over: .walk,
      [ActionRow("walk.next", .followRequest, [.character("R")], "The next request, also one still to come")]),
    ActionGroup(
      "replay: a second from step to step", footer: "replay", over: .walk,
      [ActionRow("walk.replay", .replayRequest, [.character("p")], "Replay, a second from step to step")]),
    ActionGroup(
      "scroll what is told of the step", over: .walk,
      [
        ActionRow("walk.page-up", .pageUp, [.pageUp, .control("b")], "Scroll back what is told"),
        ActionRow("walk.page-down", .pageDown, [.pageDown, .control("f")], "Scroll on what is told"),
      ]),
    ActionGroup(
      "the step before/after", footer: "step", keys: "Up Down", over: .boot,
      [
        ActionRow("boot.up", .up, [.up, .character("k"), .wheelUp], "The step before"),
        ActionRow("boot.down", .down, [.down, .character("j"), .wheelDown], "The step after"),
      ]),
  ]

  private static let listScreens = Set(ScreenID.allCases.filter(\.isList))

  private static let lists = [
    ActionGroup(
      "filter the rows; go to a row", footer: "filter", keys: "/", on: listScreens,
      [
        ActionRow("filter", .filter, [.character("/"), .function(4), .character("\\")], "Filter the rows"),
        ActionRow("search", .search, [.function(3), .control("s")], "Go to the next row with some text"),
      ]),
    ActionGroup(
      "sort by the next/last column; invert", footer: "sort", keys: "s i",
      on: listScreens.subtracting([.events]),
      [
        ActionRow("sort.next", .sortNext, [.character("s"), .function(6)], "Sort by the next column"),
        ActionRow("sort.previous", .sortPrevious, [.character("S")], "Sort by the column before"),
        ActionRow("sort.invert", .invert, [.character("i"), .character("I")], "Turn the order round"),
      ]),
    ActionGroup(
      "copy the selected row", on: listScreens,
      [ActionRow("yank", .yank, [.character("y")], "Copy the selected row")]),
  ]

  private static let special = [
    ActionGroup(
      "one by one, by reason, by spawn site; tree", footer: "group", on: [.gs],
      [
        ActionRow("gs.group", .group, [.character("o")], "Group the Gs: by reason, by spawn site"),
        ActionRow("gs.tree", .tree, [.character("t"), .function(5)], "Tree of Gs by who spawned them"),
      ]),
    ActionGroup(
      "follow the selected G: its events", footer: "follow", on: [.gs, .netpoll, .ps, .ms, .events],
      [ActionRow("follow", .follow, [.character("F")], "Follow the selected G")]),
    ActionGroup(
      "into the row: its events; its moment", on: [.gs, .netpoll, .ps, .ms, .events],
      [ActionRow("enter", .enter, [.enter], "Into the selected row")]),
    ActionGroup(
      "move the cursor", footer: "cursor", on: [.timeline],
      [
        ActionRow("cursor.left", .cursorLeft, [.left, .character("h")], "Cursor to the left"),
        ActionRow("cursor.right", .cursorRight, [.right, .character("l")], "Cursor to the right"),
      ]),
    ActionGroup(
      "zoom in/out", footer: "zoom", on: [.timeline],
      [
        ActionRow("zoom.in", .zoomIn, [.character("z"), .character("i")], "Zoom in"),
        ActionRow("zoom.out", .zoomOut, [.character("o")], "Zoom out"),
      ]),
    ActionGroup(
      "rows are Ps or Ms", footer: "Ps/Ms", on: [.timeline],
      [ActionRow("timeline.rows", .rows, [.character("m")], "Rows of Ps or of Ms")]),
    ActionGroup(
      "go to the cursor's moment", on: [.timeline],
      [ActionRow("timeline.go", .enter, [.enter], "Go to the moment of the cursor")]),
    ActionGroup(
      "follow the G that moved last, or none", footer: "follow", on: [.stage],
      [ActionRow("stage.follow", .follow, [.character("F")], "Follow the G that moved last, or none")]),
    ActionGroup(
      "graphs: the last minute, all that is known", on: [.overview],
      [
        ActionRow(
          "overview.span", .span, [.character("m")], "Graphs of the last minute, or of all that is known")
      ]),
    ActionGroup(
      "report of a past moment", on: [.overview],
      [ActionRow("report.enter", .report, [.enter], "Report of a past moment")]),
  ]
}
