// The Ms: the work of each thread for the scheduler, and the operating system's facts about the thread.
import Inspector
import Region

struct MRow: FilterSubject {
  var m: Snapshot.M
  var thread: OSThread?
  /// The times that the M spent by activity in the last seconds; nil: no event told of the M.
  var time: MTime?
  /// The length of the window in which these times were measured, in nanoseconds.
  var window: UInt64 = 0
  var entry: String?

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .m: .number(Double(m.id))
    case .state: .text(m.state.word)
    case .p: m.p.map { .number(Double($0)) } ?? .none
    case .g: m.g.map { .number(Double($0)) } ?? .none
    case .locked: m.locked.map { .number(Double($0)) } ?? .none
    case .tid: m.tid.map { .number(Double($0)) } ?? .none
    case .cpu: thread?.use.map { .number($0 * 100) } ?? .none
    case .use: share(\.running).map { .number($0 * 100) } ?? .none
    case .site: .text(entry ?? "")
    case .text: .text("M\(m.id) \(m.state.word) \(m.tid.orDash) \(entry ?? "")")
    default: .none
    }
  }

  /// The part of the window, 0…1, that the M spent on one activity.
  func share(_ part: KeyPath<MTime, UInt64>) -> Double? {
    guard let time, window > 0 else { return nil }
    return min(1, Double(time[keyPath: part]) / Double(window))
  }
}

struct MsScreen: ListScreen {
  static let id = ScreenID.ms
  let frame: Frame
  let state: AppState

  var rows: Rows<MRow> {
    let threads = frame.detail.threads ?? [:]
    let entries = Dictionary(frame.snapshot.ps.map { ($0.id, $0.entry) }) { first, _ in first }
    let recent = frame.instruments?.recent.ms ?? []
    let times = Dictionary(recent.map { ($0.m, $0) }) { first, _ in first }
    return Rows(count: frame.snapshot.ms.count) { [frame] index in
      let m = frame.snapshot.ms[index]
      return MRow(
        m: m, thread: m.tid.flatMap { threads[$0] }, time: times[m.id],
        window: frame.instruments?.recentTime ?? 0,
        entry: m.p.flatMap { entries[$0] ?? nil })
    }
  }

  func key(of row: MRow) -> UInt64 { UInt64(truncatingIfNeeded: row.m.id) }
  func g(of row: MRow) -> UInt64? { row.m.g }
  func subject(of row: MRow) -> Subject? { .m(row.m.id) }
  var emptyText: String { "no threads yet" }

  var columns: [Column<MRow>] { ours + split + (frame.detail.threads == nil ? [] : system) + [entry] }

  /// The columns that show how each M spent the last seconds: a bar, and figures where they fit.
  private var split: [Column<MRow>] {
    guard frame.instruments?.hasEvents == true else { return [] }
    return [
      Column("its time", 10, rank: 2) { [glyphs = state.glyphs] row in .shares(Self.shares(row, glyphs)) }
        .sorted { row in row.share(\.running).map { .number($0) } ?? .none },
      share("run", 4, rank: 8) { $0.share(\.running) }, share("sched", 5, rank: 8) { $0.share(\.scheduling) },
      share("search", 6, rank: 8) { $0.share(\.spinning) }, share("call", 4, rank: 8) { $0.share(\.syscall) },
      share("no P", 4, rank: 8) { $0.share(\.withoutP) },
    ]
  }

  private static func shares(_ row: MRow, _ glyphs: Glyphs) -> [Column<MRow>.Share] {
    guard row.time != nil else { return [] }
    let parts: [(KeyPath<MTime, UInt64>, Meaning)] = [
      (\.running, .running), (\.scheduling, .runtime), (\.spinning, .searching), (\.syscall, .call),
      (\.withoutP, .idle),
    ]
    return parts.map { .init(part: row.share($0.0) ?? 0, $0.1, glyphs) }
  }

  private var ours: [Column<MRow>] {
    let gWidth = min(12, max(5, 1 + frame.snapshot.digitsOfG))
    return [
      .id("M", 4, letter: "M", style: .strong) { UInt64(truncatingIfNeeded: $0.m.id) },
      .text("state", 11) {
        StyledText($0.m.state.letter + " " + $0.m.state.word, $0.m.state.style)
      }
      .sorted(ascending: true) { .text($0.m.state.word) },
      .id("P", 3, letter: "P") { $0.m.p.map { UInt64(truncatingIfNeeded: $0) } },
      .id("G", gWidth, letter: "G") { $0.m.g },
      .id("tid", 7, rank: 2, right: true, style: .dim) {
        $0.m.tid.map { UInt64(UInt32(bitPattern: $0)) }
      },
    ] + bonds(gWidth)
  }

  /// The columns for the G to which an M is locked, and for the calls to C under way. Each is shown if some M has a value.
  private func bonds(_ gWidth: Int) -> [Column<MRow>] {
    var columns: [Column<MRow>] = []
    if frame.snapshot.ms.contains(where: { $0.locked != nil }) {
      columns.append(.id("locked to", max(9, gWidth), rank: 1, letter: "G") { $0.m.locked })
    }
    if frame.snapshot.ms.contains(where: { ($0.callsToC ?? 0) > 0 }) {
      columns.append(.number("in C", 4, rank: 2) { $0.m.callsToC.map { UInt64(clamping: $0) } })
    }
    return columns
  }

  private var system: [Column<MRow>] {
    [
      .text("os", 2, rank: 1) {
        let letter = $0.thread?.state
        return StyledText(
          letter.map { String($0) } ?? "-",
          letter == "R" ? Meaning.running.style : letter == "D" ? .alarm : .dim)
      }
      .sorted(ascending: true) { $0.thread.map { .text(String($0.state)) } ?? .none },
      share("cpu", 4, rank: 1) { $0.thread?.use }, share("stall", 5, rank: 4) { $0.thread?.stall },
      time("cpu time", 8, rank: 3) { $0.thread?.cpuTime },
      time("stalled", 8, rank: 6) { $0.thread?.waitTime },
      .number("gave up", 7, rank: 5) { $0.thread?.voluntary },
      .number("taken", 6, rank: 5) { $0.thread?.involuntary },
    ]
  }

  private var entry: Column<MRow> {
    .text(
      "entry point of the G", 12, rank: 7, flexible: true
    ) {
      [glyphs = state.glyphs] row in
      StyledText(TextWidth.sanitised(row.entry ?? "", isASCII: glyphs.isASCII), .dim)
    }
    .sorted(ascending: true) { $0.entry.map { .text($0) } ?? .none }
  }

  private func share(
    _ title: String, _ width: Int, rank: Int, _ value: @escaping (MRow) -> Double?
  ) -> Column<MRow> {
    .text(title, width, rank: rank, right: true) { row in
      value(row).map { StyledText(Quantity.percent($0), $0 >= 0.005 ? .text : .dim) }
        ?? StyledText("-", .faint)
    }
    .sorted { value($0).map { .number($0) } ?? .none }
  }

  private func time(
    _ title: String, _ width: Int, rank: Int, _ value: @escaping (MRow) -> UInt64?
  ) -> Column<MRow> {
    .text(title, width, rank: rank, right: true) {
      row in
      value(row).map { StyledText(TimeText.short($0), $0 > 0 ? .text : .dim) }
        ?? StyledText("-", .faint)
    }
    .sorted { value($0).map { .number(Double($0)) } ?? .none }
  }

  func head(width: Int, height: Int) -> [StyledText] {
    var line = StyledText()
    for state in MState.allCases {
      let count = frame.snapshot.ms.count { $0.state == state }
      guard count > 0 else { continue }
      line.append(state.letter + " ", state.style)
      line.append("\(count)", .strong)
      line.append(" \(state.word)   ", .dim)
    }
    if let absence = frame.snapshot.trace.absence { line.append(absence, .dim) }
    return [line]
  }
}
