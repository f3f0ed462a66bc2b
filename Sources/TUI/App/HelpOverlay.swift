// The help: what this screen shows, its own keys, the keys of all screens, and the words of the trade.
//
// Made of the table of actions. Where there is not room for all of it, it scrolls.

struct HelpOverlay {
  var state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var isNarrow: Bool { state.size.columns < 60 }

  init(state: AppState) { self.state = state }

  private static let glossary: [(String, String)] = [
    ("G", "goroutine: a function that runs on its own"),
    ("M", "machine: a thread of the operating system"),
    ("P", "processor: the right to run Gs; one M holds it"),
    ("LRQ", "local run queue: ready Gs of one P, 256 at most"),
    ("GRQ", "global run queue: ready Gs that any P may take"),
    ("next", "runnext: the G that this P runs before its queue"),
    ("steal", "an idle P takes half of another P's queue"),
    ("netpoll", "where Gs wait until a socket is ready"),
    ("parked", "not running and not ready: waiting for something"),
  ]

  /// All lines, whether there is room or not.
  var lines: [StyledText] {
    let column = isNarrow ? 14 : 16
    func keys(_ groups: [ActionGroup]) -> [StyledText] {
      groups.map { line(isNarrow ? $0.mainKeyNames : $0.keyNames, $0.help, style: .key, column: column) }
    }
    func words(_ words: [(String, String)]) -> [StyledText] {
      words.map { line($0.0, $0.1, style: .strong, column: column) }
    }
    let own = ActionTable.own(state.screen)
    let legend = ScreenLegend.words(state.screen)
    var lines = [StyledText(state.screen.summary)]
    if !own.isEmpty { lines += [StyledText()] + keys(own) }
    if !legend.isEmpty { lines += [StyledText()] + words(legend) }
    lines += [StyledText(), StyledText("Everywhere", .heading)] + keys(ActionTable.common)
    lines += [StyledText(), StyledText("Words", .heading)] + words(Self.glossary)
    return lines
  }

  /// Lines that there is room for.
  var rows: Int { max(1, state.size.rows - 2) }
  var lastFirst: Int { max(0, lines.count - rows) }

  func draw(on canvas: inout Canvas) {
    let lines = lines
    let widest = (lines.map(\.width).max() ?? 0) + (isNarrow ? 2 : 4)
    let width = min(state.size.columns, max(widest, 24))
    let inset = isNarrow ? 1 : 2
    let height = min(state.size.rows, lines.count + 2)
    let box = Rect(
      x: (state.size.columns - width) / 2, y: (state.size.rows - height) / 2, width: width, height: height)
    Overlay.drawFrame(box, title: "Help: \(state.screen.title)", glyphs: glyphs, on: &canvas)
    let first = min(max(0, state.firstHelpLine), lastFirst)
    for (index, line) in lines.dropFirst(first).prefix(max(0, height - 2)).enumerated() {
      canvas.write(line, x: box.x + inset, y: box.y + 1 + index, width: width - 2 * inset, glyphs: glyphs)
    }
    let more = lines.count - first - (height - 2)
    if more > 0, height > 2 {
      canvas.write(" \(glyphs.down) \(more) more lines ", x: box.x + 2, y: box.maxY - 1, .eager)
    }
  }

  private func line(_ name: String, _ text: String, style: Style, column: Int) -> StyledText {
    var line = StyledText(name, style)
    line.append(String(repeating: " ", count: max(1, column - name.count)) + text)
    return line
  }
}

/// What the columns and the signs of a screen mean, for somebody who sees it for the first time.
enum ScreenLegend {
  static func words(_ screen: ScreenID) -> [(String, String)] {
    switch screen {
    case .overview: []
    case .ps:
      [
        ("use", "share of the last second that it ran Gs; search: looked for some"),
        ("its time", "the same as a bar: work, ~ searching, then idle"),
        ("steals, lost", "steals by this P, and from it; Gs got: how many Gs"),
        ("hits, tries", "looks at other queues, and those that found something"),
        ("G cache", "new Gs whose descriptor, or stack, was at hand"),
      ]
    case .gs:
      [
        ("since", "how long it has been in this state"),
        ("P", "where it ran last; by: the G that spawned it"),
        ("filter", "reason:netpoll age>100ms site~about p:1 by:7 !state:running"),
      ]
    case .ms:
      [
        ("os", "the system's letter: R runs, S sleeps, D cannot be disturbed"),
        ("cpu, stall", "of the last second: on a core; ready, but without a core"),
        ("gave up", "times that it gave its core up; taken: that it lost it"),
      ]
    case .netpoll:
      [
        ("peer, here", "both ends of the connection, from /proc"),
        ("since", "how long the G has waited for it"),
        ("Gs ready", "how many Gs one poll made ready, of the last polls"),
      ]
    case .timeline:
      [
        ("A-Z", "one G had most of this column; its number is told below"),
        ("a level", "many Gs shared it, and it was that busy"),
        ("~ =", "searching for work; in a system call"),
      ]
    case .events:
      [
        ("ago", "before the moment that is shown"),
        ("filter", "kind:steal|overflow p:0 g:42 m:3 reason:mutex fd:9"),
        ("", "a filter looks at more of the past than what is shown"),
      ]
    case .tracer:
      [
        ("lost", "overwritten before mpgtop could read them"),
        ("fullest ring", "how full one became between two readings; 100% begins to lose"),
        ("an event", "what it costs mpgtop to take one in; the target pays nothing"),
      ]
    }
  }
}
