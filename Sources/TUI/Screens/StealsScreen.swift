// The steals since boot: which P took how much from which. A row for each thief, a column for each victim.
import Inspector
import Region

struct ThiefRow: FilterSubject {
  var p: Int
  var pairs: [StealMatrix.Pair]
  var tries: UInt64 { pairs.reduce(0) { $0 &+ $1.tries } }
  var hits: UInt64 { pairs.reduce(0) { $0 &+ $1.hits } }
  var gs: UInt64 { pairs.reduce(0) { $0 &+ $1.gs } }

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .p: .number(Double(p))
    case .text: .text("P\(p)")
    default: .none
    }
  }

  /// The share of looks at victims' queues that found something.
  var share: Double? { tries > 0 ? min(1, Double(hits) / Double(tries)) : nil }
}

struct StealsScreen: ListScreen {
  static let id = ScreenID.steals
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var matrix: StealMatrix { frame.instruments?.steals ?? StealMatrix() }

  var rows: Rows<ThiefRow> {
    let pairs = Dictionary(grouping: matrix.pairs) { $0.thief }
    return Rows(frame.snapshot.ps.map { ThiefRow(p: $0.id, pairs: pairs[$0.id] ?? []) })
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
        row.hits > 0
          ? StyledText(Quantity.compact(Double(row.gs) / Double(row.hits))) : StyledText("-", .faint)
      }
      .sorted { row in row.hits > 0 ? .number(Double(row.gs) / Double(row.hits)) : .none },
    ]
    let victims = frame.snapshot.ps.map(\.id)
    let room = state.size.columns - 44
    return sums + (victims.count * 8 <= room ? victims.map(cell) : [map(victims)])
  }

  private var largest: UInt64 { max(1, matrix.pairs.reduce(0) { max($0, $1.hits) }) }

  /// A column with the steals from one victim, in figures.
  private func cell(_ victim: Int) -> Column<ThiefRow> {
    let largest = largest
    return .text("from P\(victim)", victim > 99 ? 9 : victim > 9 ? 8 : 7, right: true) { row in
      guard row.p != victim else { return StyledText("·", .faint) }
      let hits = row.pairs.first { $0.victim == victim }?.hits ?? 0
      return StyledText(Quantity.compact(hits), hits == 0 ? .faint : hits > largest / 2 ? .eager : .text)
    }
    .sorted { row in
      row.p == victim ? .none : .number(Double(row.pairs.first { $0.victim == victim }?.hits ?? 0))
    }
  }

  /// One column for all victims, with a glyph for each. The more steals, the higher the glyph; each step
  /// stands for four times as many.
  private func map(_ victims: [Int]) -> Column<ThiefRow> {
    let last = victims.last ?? 0
    let (largest, glyphs) = (largest, glyphs)
    return .text("from P0 to P\(last), a sign each", 12, flexible: true) { row in
      var text = StyledText()
      let hits = Dictionary(row.pairs.map { ($0.victim, $0.hits) }) { first, _ in first }
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
    if height > 2, let top = matrix.pairs.max(by: { $0.hits < $1.hits }), top.hits > 0 {
      var line = StyledText("most: ", .dim)
      line.append("P\(top.thief) from P\(top.victim)", .strong)
      let steals = Quantity.grouped(top.hits) + (top.hits == 1 ? " steal" : " steals")
      let gs = Quantity.grouped(top.gs) + (top.gs == 1 ? " G" : " Gs")
      line.append(", \(steals) of \(gs) since boot", .dim)
      lines.append(line)
    }
    if matrix.isCut { lines.append(StyledText("more pairs of Ps than are kept", .eager)) }
    return lines
  }
}
