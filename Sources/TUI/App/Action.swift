// Every action that a key can start: one table for the keyboard, for the help overlay and for the footer.

/// Something that a person can ask for.
public enum Action: Sendable, Equatable {
  case back, quit, help, pause, slower, faster
  case up, down, pageUp, pageDown, first, last
  case redraw, stop, report
  case travel(TimeCommand)

  /// A row of the table: actions that are explained together.
  struct Entry {
    /// The keys of each action; the first one is the one to teach.
    var keys: [(Action, [Key])]
    /// What they do, as the help says it.
    var help: String
    /// The same in a word or two, for the footer; empty for what is not worth the room.
    var footer = ""

    /// The keys as the help shows them: `q Ctrl-C`. The mouse is not mentioned.
    var keyNames: String {
      let shown = keys.flatMap(\.1).filter { $0 != .wheelUp && $0 != .wheelDown }
      return shown.map(\.name).joined(separator: " ")
    }
    /// The key to teach of each action.
    var mainKeyNames: String { keys.compactMap(\.1.first?.name).joined(separator: " ") }
  }

  static let table: [Entry] = [
    Entry(keys: [(.help, [.character("?"), .function(1)])], help: "show or hide this help", footer: "help"),
    Entry(keys: [(.quit, [.character("q"), .control("c"), .function(10)])], help: "quit", footer: "quit"),
    Entry(
      keys: [(.pause, [.character(" ")])], help: "pause/resume the view",
      footer: "pause"),
    Entry(
      keys: [
        (.travel(.stepBack), [.character("[")]), (.travel(.stepForward), [.character("]")]),
        (.travel(.jumpBack), [.character("{"), .left]), (.travel(.jumpForward), [.character("}"), .right]),
      ],
      help: "back/forth: an event, 100 ms", footer: "time"),
    Entry(
      keys: [
        (.travel(.play), [.character("p")]), (.travel(.playSlower), [.character("<")]),
        (.travel(.playFaster), [.character(">")]), (.travel(.start), [.character("0")]),
        (.travel(.now), [.character("n")]),
      ],
      help: "play; slower/faster; first moment/now"),
    Entry(keys: [(.report, [.character("e"), .enter])], help: "events and Gs of a past moment"),
    Entry(
      keys: [(.slower, [.character("+"), .character("=")]), (.faster, [.character("-")])],
      help: "refresh less/more often", footer: "interval"),
    Entry(
      keys: [
        (.up, [.up, .character("k"), .wheelUp]), (.down, [.down, .character("j"), .wheelDown]),
      ],
      help: "scroll the Ps", footer: "scroll"),
    Entry(keys: [(.pageUp, [.pageUp]), (.pageDown, [.pageDown])], help: "scroll the Ps by a page"),
    Entry(keys: [(.first, [.home]), (.last, [.end])], help: "first or last Ps"),
    Entry(keys: [(.redraw, [.control("l")]), (.stop, [.control("z")])], help: "redraw; stop (then fg)"),
    Entry(keys: [(.back, [.escape])], help: "close help, else quit"),
  ]

  /// The action of a key, if it has one.
  init?(key: Key) {
    for entry in Self.table {
      for (action, keys) in entry.keys where keys.contains(key) {
        self = action
        return
      }
    }
    return nil
  }
}
