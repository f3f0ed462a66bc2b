// The Gs one by one: the state of each and since when it lasts, its P, and the place where it was spawned.
import Inspector
import Region

struct GRow: TellsAll {
  var g: Goroutine
  /// The time since the G last changed its state, in nanoseconds; nil: not known.
  var age: UInt64?
  /// The G's depth in the tree of spawners.
  var depth = 0
  /// The number of Gs below this one in the tree.
  var descendants = 0
  /// The stacks that are known; nil: there are none.
  var stacks: Stacks?

  /// For each stack, by its number: the innermost call of the program's own code; nil: the stack has none.
  var owns: [String?] = []
  /// For each stack, by its number: its calls as one text that filters search. Empty: no filter asks for
  /// them.
  var calls: [String] = []

  /// The innermost call of the program's own code; nil: not known.
  var at: String? { stacks?.number(of: g.id).flatMap { owns.indices.contains($0) ? owns[$0] : nil } }
  /// The calls of the program's own code; nil: not known, or not asked for.
  var stack: String? { stacks?.number(of: g.id).flatMap { calls.indices.contains($0) ? calls[$0] : nil } }
  /// The labels that the program gave to the G; nil: none, or not known.
  var labels: String? { stacks?.labels[g.id] }
  /// What stands in place of `at`: why there is no stack; nil: not known.
  var absence: String? {
    stacks?.outcomes[g.id].flatMap { $0.absence }.map { String($0.prefix { $0 != ":" }) }
  }

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .g: .number(Double(g.id))
    case .state: .text(g.state.word)
    case .reason: g.state == .waiting ? .text(g.reasonText) : .none
    case .age: age.map { .number(Double($0)) } ?? .none
    case .site: .text(g.entry ?? "")
    case .at: at.map { .text($0) } ?? .none
    case .stack: stack.map { .text($0) } ?? .none
    case .labels: labels.map { .text($0) } ?? .none
    case .p: g.p.map { .number(Double($0)) } ?? .none
    case .fd: g.fd.map { .number(Double($0)) } ?? .none
    case .by: g.parent.map { .number(Double($0)) } ?? .none
    case .kind: .text(g.kind.word)
    case .below: .number(Double(descendants))
    case .dir: g.reason == .netpollRead ? .text("read") : g.reason == .netpollWrite ? .text("write") : .none
    case .text: .text("G\(g.id) \(g.state.word) \(g.state == .waiting ? g.reasonText : "") \(g.entry ?? "")")
    default: .none
    }
  }

  /// Whether `value(of: .text)` contains the word, without building that text: there may be a hundred
  /// thousand Gs.
  func tells(_ word: FilterWord) -> Bool {
    word.isIn(g.state.word) || (g.state == .waiting && word.isIn(g.reasonText))
      || (g.entry.map(word.isIn) ?? false) || (word.mayBeID(of: "g") && word.isIn("G\(g.id)"))
  }

  func prints(_ word: FilterWord) -> Bool {
    word.isIn(g.kind.word)
      || (stacks != nil && [at, labels].contains { $0.map(word.isIn) ?? false })
      || word.isNumber && [.g, .age, .p, .fd, .by, .below].contains { word.isPrinted($0, of: self) }
  }

  /// The time for which the G has been in its state. A mark before the time says that the true time may be
  /// longer.
  func since(_ glyphs: Glyphs) -> StyledText {
    guard let age else { return StyledText("-", .faint) }
    return StyledText((g.isOlder ? (glyphs.isASCII ? ">" : "≥") : "") + TimeText.short(age))
  }

  /// The width of a column of ages. Ages of a sampled scheduler may be lower bounds, and then have a mark
  /// before them.
  static func ageWidth(_ frame: Frame) -> Int { frame.snapshot.sampled == nil ? 7 : 8 }

  /// The Gs of a frame; nil: the frame does not hold them.
  static func list(_ frame: Frame) -> Goroutines? { frame.detail.goroutines ?? frame.past?.goroutines }

  /// All Gs of a frame, one row each. `withCalls`: a filter asks for whole stacks.
  static func rows(_ frame: Frame, withCalls: Bool = false) -> Rows<GRow> {
    guard let list = list(frame) else { return Rows([]) }
    let (all, now) = (list.all, max(list.readAt ?? 0, frame.past?.time ?? frame.snapshot.time))
    let stacks = frame.detail.stacks
    let owns = stacks?.distinct.map { $0.own?.text } ?? []
    let calls = withCalls ? stacks?.distinct.map(\.ownCallsText) ?? [] : []
    return Rows(count: all.count) {
      GRow(
        g: all[$0], age: all[$0].since.map { now - min(now, $0) }, stacks: stacks, owns: owns, calls: calls)
    }
  }
}

extension Goroutine {
  /// Why the G waits: in the target's own words, if it has any.
  var reasonText: String { words ?? (reason == .none ? "not told" : reason.word) }
}

struct GsScreen: ListScreen {
  static let id = ScreenID.gs
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }

  var rows: Rows<GRow> {
    let rows = GRow.rows(frame, withCalls: state.lists[.gs]?.filter.asks(.stack) ?? false)
    guard state.gsMode == .tree, let all = GRow.list(frame)?.all else { return rows }
    return state.memos.trees.answer(all) { SpawnTree(all) }.rows(rows)
  }

  func key(of row: GRow) -> UInt64 { row.g.id }
  func g(of row: GRow) -> UInt64? { row.g.id }
  var emptyText: String {
    frame.detail.goroutines == nil && frame.past == nil ? "reading the table of Gs" : "no Gs are listed"
  }

  private var idWidth: Int { min(12, max(6, 1 + frame.snapshot.digitsOfG)) }

  var columns: [Column<GRow>] { states + (frame.hasStacks ? places : kinship) }

  private var states: [Column<GRow>] {
    [
      .id("G", idWidth, letter: "G", style: .strong) { $0.g.id },
      .text("state", 9) {
        StyledText($0.g.state.word, $0.g.state.style)
      }
      .sorted(ascending: true) { .text($0.g.state.word) },
      .text(
        "waits for", frame.hasStacks ? 16 : 12
      ) { [isASCII = glyphs.isASCII] in
        $0.g.state == .waiting
          ? StyledText(TextWidth.sanitised($0.g.reasonText, isASCII: isASCII), $0.g.reason.group.style)
          : StyledText("-", .faint)
      }
      .sorted(ascending: true) { $0.g.state == .waiting ? .text($0.g.reasonText) : .none },
      .text("since", GRow.ageWidth(frame), right: true) { [glyphs] in $0.since(glyphs) }
        .sorted { $0.age.map { .number(Double($0)) } ?? .none },
    ]
  }

  private var kinship: [Column<GRow>] {
    [
      .id("P", 3, rank: 2, letter: "P") { $0.g.p.map { UInt64(truncatingIfNeeded: $0) } },
      state.gsMode == .tree ? below : descriptor,
      .id("by", idWidth, rank: 4, letter: "G") { $0.g.parent },
      .text("kind", 4, rank: 6) {
        StyledText($0.g.kind.word, .dim)
      }
      .sorted(ascending: true) { .text($0.g.kind.word) },
      spawnSite(rank: 1),
    ]
  }

  /// Where each G stands in its code, where a source can read that.
  private var places: [Column<GRow>] {
    var columns: [Column<GRow>] = [
      state.gsMode == .tree ? below : descriptor,
      .text("at", 22, rank: 1, flexible: true) {
        [isASCII = glyphs.isASCII] row in
        row.at.map { StyledText(TextWidth.sanitised($0, isASCII: isASCII)) }
          ?? StyledText(row.absence ?? "-", .faint)
      }
      .sorted(ascending: true) { $0.at.map { .text($0) } ?? .none },
      spawnSite(rank: state.gsMode == .tree ? 1 : 5),
      .id("by", idWidth, rank: 6, letter: "G") { $0.g.parent },
    ]
    if frame.detail.stacks?.labels.isEmpty == false {
      columns.append(
        .text("labels", 16, rank: 4, flexible: true) {
          [isASCII = glyphs.isASCII] row in
          StyledText(
            TextWidth.sanitised(row.labels ?? "-", isASCII: isASCII), row.labels == nil ? .faint : .dim)
        }
        .sorted(ascending: true) { $0.labels.map { .text($0) } ?? .none })
    }
    return columns
  }

  private var below: Column<GRow> { .number("below", 5, rank: 3) { UInt64($0.descendants) } }

  private var descriptor: Column<GRow> {
    .id("fd", 5, rank: 3, right: true) { $0.g.fd.map { UInt64(truncatingIfNeeded: $0) } }
  }

  private func spawnSite(rank: Int) -> Column<GRow> {
    .text("spawned at", 22, rank: rank, flexible: true) {
      site($0)
    }
    .sorted(ascending: true) { $0.g.entry.map { .text($0) } ?? .none }
  }

  private func site(_ row: GRow) -> StyledText {
    var text = StyledText()
    if state.gsMode == .tree {
      let depth = min(row.depth, 12)
      text.append(String(repeating: "  ", count: depth), .faint)
      if row.depth > 0 { text.append(String(glyphs.branch) + " ", .faint) }
    }
    text.append(TextWidth.sanitised(row.g.entry ?? "-", isASCII: glyphs.isASCII), .dim)
    return text
  }

  func head(width: Int, height: Int) -> [StyledText] { [GsScreen.sum(frame)] }

  static func sum(_ frame: Frame) -> StyledText {
    let gs = frame.snapshot.gs
    var facts: [(String, String)] = [
      ("live", Quantity.grouped(gs.live)), ("running", "\(gs.running)"),
      ("runnable", Quantity.grouped(gs.runnable)),
      ("parked", Quantity.grouped(gs.waiting.values.reduce(0, +))),
    ]
    if gs.syscall > 0 { facts.append(("in syscalls", "\(gs.syscall)")) }
    if gs.preempted > 0 { facts.append(("preempted", "\(gs.preempted)")) }
    return .facts(facts)
  }
}
