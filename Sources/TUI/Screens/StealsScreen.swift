// The steals since boot: how much each P took from each other P. A row for each thief, a column for each
// victim.
import Inspector
import Region

struct ThiefRow: FilterSubject {
  var p: Int
  /// The steals of the thief from each victim; nil: the source does not tell them by victim.
  var pairs: [StealMatrix.Pair]?
  /// How often the thief looked at the queues of others; nil: the source does not count this.
  var tries: UInt64? { tellsTries ? sum { $0.tries ?? 0 } : nil }
  var hits: UInt64? { sum(\.hits) }
  var gs: UInt64? { sum(\.gs) }
  var tellsTries = true

  private func sum(_ count: (StealMatrix.Pair) -> UInt64) -> UInt64? {
    pairs.map { $0.reduce(0) { $0 &+ count($1) } }
  }

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .p: .number(Double(p))
    case .text: .text("P\(p)")
    default: .none
    }
  }

  /// The share of looks at victims' queues that found something.
  var share: Double? {
    guard let tries, let hits, tries > 0 else { return nil }
    return min(1, Double(hits) / Double(tries))
  }

  /// The mean number of Gs that a steal of the thief moved; nil: it stole nothing.
  var gsPerSteal: Double? {
    guard let gs, let hits, hits > 0 else { return nil }
    return Double(gs) / Double(hits)
  }

  /// How many times the thief stole from one victim.
  func hits(from victim: Int) -> UInt64? {
    pairs.map { $0.first { $0.victim == victim }?.hits ?? 0 }
  }
}

struct StealsScreen: ListScreen {
  static let id = ScreenID.steals
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var matrix: StealMatrix? { frame.instruments.map(\.steals) ?? frame.snapshot.steals }

  var rows: Rows<ThiefRow> {
    let pairs = matrix.map { Dictionary(grouping: $0.pairs) { $0.thief } }
    let tellsTries = matrix?.tellsTries ?? true
    return Rows(
      frame.snapshot.ps.map { p in
        ThiefRow(p: p.id, pairs: pairs.map { $0[p.id] ?? [] }, tellsTries: tellsTries)
      })
  }

  func key(of row: ThiefRow) -> UInt64 { UInt64(truncatingIfNeeded: row.p) }
  func subject(of row: ThiefRow) -> Subject? { .thief(row.p) }
  var emptyText: String { "no processors yet" }

  var columns: [Column<ThiefRow>] {
    let sums: [Column<ThiefRow>] = [
      .id("thief", 5, letter: "P", style: .strong) { UInt64(truncatingIfNeeded: $0.p) },
      .number("looks", 6, rank: 2) { $0.tries }, .number("steals", 6) { $0.hits },
      .text("hits", 4, rank: 1, right: true) { row in
        row.share.map { StyledText(Quantity.percent($0), $0 < 0.01 ? .eager : .text) }
          ?? StyledText("-", .faint)
      }
      .sorted { row in row.share.map { .number($0) } ?? .none },
      .number("Gs", 6) { $0.gs },
      .text("a steal", 7, rank: 3, right: true) { row in
        row.gsPerSteal.map { StyledText(Quantity.compact($0)) } ?? StyledText("-", .faint)
      }
      .sorted { row in row.gsPerSteal.map { .number($0) } ?? .none },
    ]
    let victims = frame.snapshot.ps.map(\.id)
    let room = state.size.columns - 44
    return sums + (victims.count * 8 <= room ? victims.map(cell) : [map(victims)])
  }

  private var largest: UInt64 { max(1, matrix?.pairs.map(\.hits).max() ?? 0) }

  /// A column with the steals from one victim, in figures.
  private func cell(_ victim: Int) -> Column<ThiefRow> {
    let largest = largest
    return .text("from P\(victim)", victim > 99 ? 9 : victim > 9 ? 8 : 7, right: true) { row in
      guard row.p != victim else { return StyledText("·", .faint) }
      guard let hits = row.hits(from: victim) else { return StyledText("-", .faint) }
      return StyledText(Quantity.compact(hits), hits == 0 ? .faint : hits > largest / 2 ? .eager : .text)
    }
    .sorted { row in
      row.p == victim ? .none : row.hits(from: victim).map { .number(Double($0)) } ?? .none
    }
  }

  /// One column for all victims, with a glyph for each. The more steals, the higher the glyph; each step
  /// stands for four times as many.
  private func map(_ victims: [Int]) -> Column<ThiefRow> {
    let last = victims.last ?? 0
    let (largest, glyphs) = (largest, glyphs)
    return .text("from P0 to P\(last), a sign each", 12, flexible: true) { row in
      var text = StyledText()
      guard let pairs = row.pairs else { return StyledText("-", .faint) }
      let hits = Dictionary(pairs.map { ($0.victim, $0.hits) }) { first, _ in first }
      for victim in victims {
        let level = Self.level(hits[victim] ?? 0, of: largest, steps: glyphs.levels.count)
        let glyph = row.p == victim ? "\\" : level == 0 ? glyphs.track : glyphs.levels[level - 1]
        text.append(
          String(glyph), level == 0 ? .faint : level > glyphs.levels.count / 2 ? .eager : .amount)
      }
      return text
    }
  }

  static func level(_ value: UInt64, of largest: UInt64, steps: Int) -> Int {
    guard value > 0 else { return 0 }
    var (level, limit) = (steps, largest / 4)
    while level > 1, value <= limit { (level, limit) = (level - 1, limit / 4) }
    return level
  }

  func head(width: Int, height: Int) -> [StyledText] {
    guard let instruments = frame.instruments else { return [StyledText("no steals are known of", .dim)] }
    let recent = instruments.recent
    let seconds = max(0.001, Double(instruments.recentTime) / 1e9)
    var lines = [
      StyledText.facts([
        ("steals/s", Quantity.compact(frame.stealsPerSecond)),
        (
          "Gs a steal",
          recent.steals == 0 ? "-" : Quantity.compact(Double(recent.stolenGs) / Double(recent.steals))
        ),
        (
          "searches/s",
          instruments.hasEvents ? Quantity.compact(Double(recent.searches) / seconds) : "-"
        ),
        (
          "found work",
          recent.searches == 0 ? "-" : Quantity.percent(Double(recent.found) / Double(recent.searches))
        ),
      ])
    ]
    if frame.snapshot.sampled != nil, matrix == nil {
      lines.append(StyledText("this program counts no steals, so there is nothing to read", .dim))
    }
    if height > 2, let top = matrix?.pairs.max(by: { $0.hits < $1.hits }), top.hits > 0 {
      var line = StyledText("most: ", .dim)
      line.append("P\(top.thief) from P\(top.victim)", .strong)
      line.append(", \(counted(top.hits, "steal")) of \(counted(top.gs, "G")) since boot", .dim)
      lines.append(line)
    }
    if matrix?.isCut == true { lines.append(StyledText("more pairs of Ps than are kept", .eager)) }
    return lines
  }
}
