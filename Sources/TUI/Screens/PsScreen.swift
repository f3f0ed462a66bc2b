// The Ps: the M that holds each, the G that it runs, its queue, how it spends its time, and how well its
// steals and caches work.
import Inspector
import Region

struct PRow: FilterSubject {
  var p: Snapshot.P
  /// The times that the P spent by activity in the last second; nil: not known.
  var times: PUse?
  var use: Double? { times?.share(\.running) }

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .p: .number(Double(p.id))
    case .state: .text(p.status.word)
    case .m: p.m.map { .number(Double($0)) } ?? .none
    case .g: p.g.map { .number(Double($0)) } ?? .none
    case .lrq: p.lrq.map { .number(Double($0)) } ?? .none
    case .use: use.map { .number($0 * 100) } ?? .none
    case .site: .text(p.entry ?? "")
    case .text: .text("P\(p.id) \(p.status.word) \(p.entry ?? "")")
    default: .none
    }
  }
}

struct PsScreen: ListScreen {
  static let id = ScreenID.ps
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }

  var rows: Rows<PRow> {
    Rows(count: frame.snapshot.ps.count) { [frame] index in
      PRow(p: frame.snapshot.ps[index], times: frame.use(ofRow: index))
    }
  }

  func key(of row: PRow) -> UInt64 { UInt64(truncatingIfNeeded: row.p.id) }
  func g(of row: PRow) -> UInt64? { row.p.g }
  func subject(of row: PRow) -> Subject? { .p(row.p.id) }
  var emptyText: String { "no processors yet" }

  var columns: [Column<PRow>] { whoIsWho + queue + time + steals + caches }

  private var whoIsWho: [Column<PRow>] {
    let idWidth = max(3, 1 + String(max(0, frame.snapshot.ps.last?.id ?? 0)).count)
    let gWidth = min(12, max(5, 1 + frame.snapshot.digitsOfG))
    return [
      .id("P", idWidth, letter: "P", style: .strong) { UInt64(truncatingIfNeeded: $0.p.id) },
      .text("state", 8) {
        StyledText($0.p.status.word, $0.p.status.style)
      }
      .sorted(ascending: true) { .text($0.p.status.word) },
      .id("M", 4, letter: "M") { $0.p.m.map { UInt64(truncatingIfNeeded: $0) } },
      .id("G", gWidth, letter: "G") { $0.p.g },
    ]
  }

  private var queue: [Column<PRow>] {
    [
      Column("LRQ of \(LaneTable.lrqCapacity)", 6, flexible: true) {
        .bar(Bar(value: $0.p.lrq, peak: $0.p.lrqMax, scale: LaneTable.lrqCapacity))
      }
      .sorted { $0.p.lrq.map { .number(Double($0)) } ?? .none },
      .number("now", 4) { $0.p.lrq.map { UInt64(clamping: $0) } },
      .number("max", 4, rank: 2) { $0.p.lrqMax.map { UInt64(clamping: $0) } },
    ] + mean + [
      .text("next", 4, rank: 3) { [glyphs] row in
        row.p.runnext == true
          ? StyledText(" " + String(glyphs.dot), Meaning.ready.style) : StyledText(" -", .faint)
      }
      .sorted { $0.p.runnext == true ? .number(1) : .none }
    ]
  }

  /// The column of the queue's mean depth over many looks, which only a sampled scheduler has.
  private var mean: [Column<PRow>] {
    guard frame.snapshot.sampled != nil else { return [] }
    return [
      .text("mean", 5, rank: 3, right: true) { StyledText(Quantity.compact($0.p.lrqMean)) }
        .sorted { $0.p.lrqMean.map { .number($0) } ?? .none }
    ]
  }

  private var time: [Column<PRow>] {
    [
      share("use", 4, rank: 1, .text) { $0.share(\.running) },
      share("calls", 5, rank: 6, Meaning.call.style) { $0.share(\.calls) },
      share("search", 6, rank: 5, Meaning.searching.style) { $0.share(\.searching) },
      Column("its time", 10, rank: 7) { [glyphs] row in .shares(Self.shares(row, glyphs)) }
        .sorted { $0.use.map { .number($0) } ?? .none },
      .number("Gs run", 7, rank: 4) { $0.p.ticks },
    ]
  }

  /// A column with one part of the last second, in per cent.
  private func share(
    _ title: String, _ width: Int, rank: Int, _ style: Style, _ part: @escaping @Sendable (PUse) -> Double?
  ) -> Column<PRow> {
    .text(title, width, rank: rank, right: true) {
      guard let share = $0.times.flatMap(part) else { return StyledText("-", .faint) }
      return StyledText(Quantity.percent(share), share >= 0.005 ? style : .dim)
    }
    .sorted { $0.times.flatMap(part).map { .number($0) } ?? .none }
  }

  private static func shares(_ row: PRow, _ glyphs: Glyphs) -> [Column<PRow>.Share] {
    guard let times = row.times else { return [] }
    let parts: [(Double?, Meaning)] = [
      (times.share(\.running), .running), (times.share(\.calls), .call),
      (times.share(\.searching), .searching),
      (times.share(\.idle), .idle),
    ]
    return parts.compactMap { part, meaning in part.map { .init(part: $0, meaning, glyphs) } }
  }

  private var steals: [Column<PRow>] {
    [
      .number("steals", 6, rank: 2) { $0.p.stealsIn }, .number("lost", 6, rank: 3) { $0.p.stealsOut },
      .number("Gs got", 6, rank: 6) { $0.p.stolenGs },
      .text("hits", 4, rank: 6, right: true) {
        Self.hits($0).map { StyledText(Quantity.percent($0)) } ?? StyledText("-", .faint)
      }
      .sorted { Self.hits($0).map { .number($0) } ?? .none },
      .number("tries", 6, rank: 8) { $0.p.stealTries },
    ]
  }

  /// The share of looks at other Ps' queues that found something.
  private static func hits(_ row: PRow) -> Double? {
    guard let tries = row.p.stealTries, let steals = row.p.stealsIn, tries > 0 else { return nil }
    return min(1, Double(steals) / Double(tries))
  }

  private var caches: [Column<PRow>] {
    [
      cache("G cache", 7) { $0.p.gCache }, cache("stacks", 6) { $0.p.stackCache },
      .text(
        "entry point of the G", 20, rank: 10, flexible: true
      ) {
        [glyphs] row in
        StyledText(TextWidth.sanitised(row.p.entry ?? "", isASCII: glyphs.isASCII), .dim)
      }
      .sorted(ascending: true) { $0.p.entry.map { .text($0) } ?? .none },
    ]
  }

  private func cache(
    _ title: String, _ width: Int, _ cache: @escaping (PRow) -> Snapshot.Cache?
  ) -> Column<PRow> {
    func share(_ row: PRow) -> Double? {
      guard let cache = cache(row), cache.hits > 0 || cache.misses > 0 else { return nil }
      return Double(cache.hits) / (Double(cache.hits) + Double(cache.misses))
    }
    return .text(title, width, rank: 9, right: true) {
      share($0).map { StyledText(Quantity.percent($0)) } ?? StyledText("-", .faint)
    }
    .sorted { share($0).map { .number($0) } ?? .none }
  }

  func head(width: Int, height: Int) -> [StyledText] {
    let snapshot = frame.snapshot
    let idle = snapshot.ps.count { $0.status == .idle }
    var line = StyledText.facts([("procs", "\(snapshot.procs)"), ("idle", "\(idle)")])
    line.append(
      .facts([("GRQ", Quantity.compact(snapshot.grq)), ("max", Quantity.compact(snapshot.grqMax))]))
    if let sampled = snapshot.sampled {
      line.append(
        .facts([("mean", Quantity.compact(sampled.grqMean)), ("looks", Quantity.compact(sampled.looks))]))
    } else if !snapshot.isConsistent {
      line.append(.facts([("moving", String(glyphs.about))]))
    }
    line.append(.facts([("steals/s", Quantity.compact(frame.stealsPerSecond))]))
    if let retired = snapshot.retired, retired.ps > 0 {
      line.append(.facts([("stopped since boot", "\(retired.ps)")]))
    }
    return [line]
  }
}
