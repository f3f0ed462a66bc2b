// The tracer's health: the counts of each ring, how close a ring comes to losing events, and the cost of
// observing.
import Inspector

struct TracerScreen: ListScreen {
  static let id = ScreenID.tracer
  let frame: Frame
  let state: AppState

  var rows: Rows<Snapshot.Ring> { Rows(frame.snapshot.trace.rings ?? []) }

  func key(of row: Snapshot.Ring) -> UInt64 {
    switch row.lane {
    case .p(let id): UInt64(id) << 1
    case .m(let id): UInt64(id) << 1 | 1
    }
  }
  func subject(of row: Snapshot.Ring) -> Subject? { .ring(row.lane) }
  var emptyText: String {
    let trace = frame.snapshot.trace
    return trace.rings == nil ? "this source has no rings" : "no rings yet"
  }

  var columns: [Column<Snapshot.Ring>] {
    let whole = max(1, frame.snapshot.trace.events ?? 0)
    let full = state.glyphs.eighths[state.glyphs.eighths.count - 1]
    return [
      .text("ring", 6) {
        StyledText($0.lane.name, .strong)
      }
      .identity.sorted(ascending: true) { [self] in .number(Double(key(of: $0))) },
      .number("holds", 6) { UInt64(clamping: $0.capacity) },
      .text("written", 15, right: true) {
        StyledText(Quantity.grouped($0.events), $0.events > 0 ? .text : .dim)
      }
      .sorted { .number(Double($0.events)) },
      .text("lost", 12, right: true) {
        StyledText(Quantity.grouped($0.lost), $0.lost > 0 ? .alarm : .dim)
      }
      .sorted { .number(Double($0.lost)) },
      .text("times round", 11, rank: 2, right: true) {
        StyledText(Quantity.compact(Self.rounds($0)), .dim)
      }
      .sorted { .number(Self.rounds($0)) },
      Column("share of all events", 10, rank: 1, flexible: true) {
        .shares([.init(part: Double($0.events) / Double(whole), glyph: full, style: .amount)])
      }
      .sorted { .number(Double($0.events)) },
    ]
  }

  /// How many times the ring's writer has filled the ring.
  private static func rounds(_ ring: Snapshot.Ring) -> Double {
    Double(ring.events) / Double(max(1, ring.capacity))
  }

  func head(width: Int, height: Int) -> [StyledText] {
    let trace = frame.snapshot.trace
    var first = trace.absence.map { StyledText($0 + "   ", .dim) } ?? .facts([("tracing", "on")])
    first.append(
      .facts([
        ("events/s", Quantity.compact(frame.eventsPerSecond)),
        ("written", Quantity.compact(trace.events)), ("rings", Quantity.bytes(trace.bytes)),
      ]))
    if let lost = trace.lost {
      first.append(lost > 0 ? "\(Quantity.grouped(lost)) lost" : "none lost", lost > 0 ? .alarm : .text)
    }
    guard let health = frame.detail.health else { return [first] }
    let time = frame.snapshot.time
    let perEvent =
      health.taken > 0 ? TimeText.short(health.takingTime / health.taken) : "-"
    var reading = StyledText("reading  ", .dim)
    reading.append(
      .facts([
        ("fullest ring", Quantity.percent(health.fullest)),
        ("every", TimeText.short(health.drainInterval)),
        ("taken in", Quantity.compact(health.taken)),
        ("an event", perEvent),
      ]))
    var keeping = StyledText("history  ", .dim)
    keeping.append(
      .facts([
        ("back to", health.first.map { TimeText.short(time - min(time, $0)) } ?? "-"),
        ("events", Quantity.compact(UInt64(clamping: health.records))),
        ("memory", Quantity.bytes(UInt64(clamping: health.historyBytes))),
        ("of", Quantity.bytes(UInt64(clamping: health.historyLimit))),
      ]))
    var own = StyledText("mpgtop   ", .dim)
    own.append(
      .facts([
        ("of a core", health.ownUse.map(Quantity.percent) ?? "-"),
        ("memory", health.ownMemory.map(Quantity.bytes) ?? "-"),
      ]))
    return height > 4 ? [first, reading, keeping, own] : height > 2 ? [first, reading] : [first]
  }
}
