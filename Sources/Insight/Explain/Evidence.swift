// The evidence from which explanations are made: the events of the last seconds before a moment, and the gauges
// at that moment.
import History
import Observed
import Region

/// The events up to a moment, in the order of time, and the state of everything at that moment.
package struct Evidence {
  /// Maximum number of records, and of segments (a quarter of a second each), that are read backwards.
  private static let reach = (records: 300_000, segments: 240)

  package private(set) var events: [PlacedRecord] = []
  package let snapshot: Snapshot
  /// The moment that is explained, in ticks.
  package let ticks: UInt64
  /// The moment from which on `events` has every event, in ticks.
  package private(set) var from: UInt64
  package let clock: Clock
  /// All Gs at the moment, in the order of their ids.
  package let goroutines: [Goroutine]
  package let names: StringBook
  package let reasons: [WaitReason?]
  private var gaps = MissingRecords()
  /// The places where the Gs of `events` were spawned, as string ids by the G's id.
  private var entries: [UInt64: UInt64] = [:]
  /// The label of the span that each G of `events` belongs to, as a string id by the G's id.
  private var labels: [UInt64: UInt64] = [:]

  package init(_ player: Player) {
    let history = player.history
    (snapshot, ticks, clock) = (player.snapshot, player.ticks, player.clock)
    (goroutines, names, reasons) = (player.goroutines.all, history.names, history.reasons)
    from = ticks
    guard let last = history.number(at: ticks) else { return }
    var (first, records) = (last, history.segment(last)?.records ?? 0)
    while first > history.firstNumber, last - first < Self.reach.segments,
      let earlier = history.segment(first - 1), records + earlier.records <= Self.reach.records
    {
      (first, records) = (first - 1, records + earlier.records)
    }
    from = min(ticks, history.segment(first)?.start ?? ticks)
    player.walk(from: first) { window, events in
      gaps.take(window)
      self.events += events
      for event in events { note(event.record) }
    }
  }

  /// Notes the place where a G was spawned, and the span to which it belongs. In most programs a span is a
  /// request.
  private mutating func note(_ record: Record) {
    if record.kind == .goCreate {
      entries[record.g] = UInt64(record.count)
      if record.detail == 1 { labels[record.g] = labels[record.arg & Place.gMask] }
    } else if record.kind == .goLabel, record.detail != 4 {
      labels[record.g] = record.arg == 0 ? nil : UInt64(record.count)
    }
  }

  /// The rules of the scheduler in words, with the target's own numbers.
  package var rules: Rules { Rules(snapshot.ruleNumbers) }

  /// How many records may be missing among `events`.
  package var missing: UInt64 { gaps.count(from: from, to: ticks) }

  /// The time from `time` (in ticks) to the moment that is explained, in nanoseconds; 0 if `time` is the
  /// later one.
  package func ago(_ time: UInt64) -> UInt64 { ticks > time ? clock.nanoseconds(lasting: ticks - time) : 0 }

  /// The time between two moments (in ticks) as text: `1.2 ms`.
  package func span(_ from: UInt64, _ to: UInt64) -> String {
    TimeText.short(to > from ? clock.nanoseconds(lasting: to - from) : 0)
  }

  /// How far back the events go, as text.
  var reachText: String { TimeText.short(ago(from)) }

  package func event(_ placed: PlacedRecord) -> Event { Event(placed, clock, names: names, reasons: reasons) }

  package func goroutine(_ id: UInt64) -> Goroutine? {
    let place = goroutines.firstPlace { $0.id < id }
    return place < goroutines.count && goroutines[place].id == id ? goroutines[place] : nil
  }

  /// The place where a G was spawned; nil: not known.
  package func entry(_ g: UInt64) -> String? { goroutine(g)?.entry ?? entries[g].flatMap(names.string) }

  /// The label of the span that a G works for: `GET /cpu`. nil: it works for none, or that is not known.
  package func label(_ g: UInt64) -> String? { labels[g].flatMap(names.string) }

  /// A G in words, with all that is known of it: `G42 (serve(_:) at Server.swift:40, for GET /cpu)`.
  package func name(_ g: UInt64) -> String {
    GName(g: g, entry: entry(g), request: label(g)).text
  }

  /// The last line of an answer, if records are missing; nil: none are.
  var caveat: String? {
    missing == 0
      ? nil
      : "\(missingText(missing)) in these \(reachText): what is told, and its numbers, may lack some."
  }
}
