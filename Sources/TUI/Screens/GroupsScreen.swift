// The Gs in groups, by their state or the reason for which they wait, by the place where they were spawned, or
// by their stack: how large each group is, and how old.
import Inspector
import Region

struct GroupRow: FilterSubject {
  var name: String
  var style: Style
  var count = 0
  var running = 0
  var runnable = 0
  /// The time for which the group's oldest G has been in its state, in nanoseconds; nil: not known.
  var oldest: UInt64?
  var oldestG: UInt64?
  /// Whether `oldest` is a lower bound: a source that samples first saw the G when the G was already in its
  /// state.
  var isOlder = false
  /// The filter that shows the group's Gs one by one.
  var filter: String

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .text, .site, .at, .stack, .reason, .state: .text(name)
    case .age: oldest.map { .number(Double($0)) } ?? .none
    case .g: oldestG.map { .number(Double($0)) } ?? .none
    default: .none
    }
  }

  mutating func add(_ row: GRow) {
    count += 1
    if row.g.state == .running || row.g.state == .syscall { running += 1 }
    if row.g.state == .runnable || row.g.state == .preempted { runnable += 1 }
    if let age = row.age, oldest.map({ age > $0 }) ?? true {
      (oldest, oldestG, isOlder) = (age, row.g.id, row.g.isOlder)
    }
  }
}

struct GroupsScreen: ListScreen {
  static let id = ScreenID.gs
  let frame: Frame
  let state: AppState

  /// The groups, the largest first.
  var rows: Rows<GroupRow> {
    let all = OrderQuestion(
      basis: RowBasis(frame), screen: .gs, gsMode: state.gsMode, filter: .everything, isInverted: false,
      glyphs: state.glyphs)
    return Rows(state.memos.groups.answer(all) { groups })
  }

  private var groups: [GroupRow] {
    var (groups, places): ([GroupRow], [String: Int]) = ([], [:])
    let stacks = frame.detail.stacks?.distinct.map { Self.name($0, glyphs: state.glyphs) } ?? []
    // Gs that were spawned together are neighbours, so a G's group is mostly that of the G before, which is
    // kept here.
    var last = (name: "", place: 0)
    for row in GRow.rows(frame) {
      let name = name(of: row, stacks)
      if groups.isEmpty || name != last.name {
        last = (name, places[name] ?? groups.count)
        if last.place == groups.count {
          let style = row.g.state == .waiting ? row.g.reason.group.style : row.g.state.style
          places[name] = groups.count
          groups.append(
            GroupRow(name: name, style: state.gsMode == .reasons ? style : .text, filter: filter(of: row)))
        }
      }
      groups[last.place].add(row)
    }
    return groups.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  /// The name of a G's group.
  private func name(of row: GRow, _ stacks: [String]) -> String {
    switch state.gsMode {
    case .sites: row.g.entry ?? "?"
    case .stacks:
      row.stacks?.number(of: row.g.id).map { stacks[$0] } ?? row.absence
        ?? "not there when the stacks were read"
    default: row.g.state == .waiting ? row.g.reasonText : row.g.state.word
    }
  }

  /// The name of the group of a stack.
  private static func name(_ stack: CallStack, glyphs: Glyphs) -> String {
    stack.ownCalls.map(\.text).joined(separator: glyphs.isASCII ? " < " : " ← ")
  }

  private func filter(of row: GRow) -> String {
    switch state.gsMode {
    case .sites: "site~" + (row.g.entry?.split(separator: " ").last ?? "")
    case .stacks: row.stacks?[row.g.id].map { "stack:" + $0.ownCallsText.filter { $0 != " " } } ?? "stack:-"
    default:
      row.g.state == .waiting
        ? "reason:\(row.g.reasonText.filter { $0 != " " })" : "state:\(row.g.state.word)"
    }
  }

  func key(of row: GroupRow) -> UInt64 {
    // FNV-1a: it gives the same key in every run. Swift's own hash does not.
    row.name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
  func g(of row: GroupRow) -> UInt64? { row.oldestG }
  func filter(of row: GroupRow) -> String? { row.filter }
  var emptyText: String {
    frame.detail.goroutines == nil && frame.past == nil ? "reading the table of Gs" : "no Gs"
  }

  var columns: [Column<GroupRow>] {
    let whole = max(1, frame.snapshot.gs.live)
    let full = state.glyphs.eighths[state.glyphs.eighths.count - 1]
    return [
      .number("Gs", 7) { UInt64(clamping: $0.count) },
      Column("share", 10, rank: 2) {
        .shares([.init(part: min(1, Double($0.count) / Double(whole)), glyph: full, style: .amount)])
      }
      .sorted { .number(Double($0.count)) },
      .text(
        title, 16, flexible: true
      ) { [glyphs = state.glyphs] row in
        StyledText(TextWidth.sanitised(row.name, isASCII: glyphs.isASCII), row.style)
      }
      .sorted(ascending: true) { .text($0.name) },
      .number("running", 7, rank: state.gsMode == .reasons ? 9 : 3) { UInt64($0.running) },
      .number("ready", 6, rank: state.gsMode == .reasons ? 9 : 3) { UInt64($0.runnable) },
      .text("longest", GRow.ageWidth(frame), right: true) { [glyphs = state.glyphs] row in
        let mark = !row.isOlder ? "" : glyphs.isASCII ? ">" : "≥"
        return row.oldest.map { StyledText(mark + TimeText.short($0)) } ?? StyledText("-", .faint)
      }
      .sorted { $0.oldest.map { .number(Double($0)) } ?? .none },
      .id("which", 9, rank: 1, letter: "G") { $0.oldestG },
    ]
  }

  private var title: String {
    switch state.gsMode {
    case .sites: "spawned at"
    case .stacks: "stack, the program's own calls"
    default: "state or wait reason"
    }
  }

  func head(width: Int, height: Int) -> [StyledText] { [GsScreen.sum(frame)] }
}
