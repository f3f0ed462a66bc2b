// The latest events on all Ps and Ms, the newest on top. The source filters them, not this screen, so that a
// rare kind of event is found however far back it is.
import Inspector

struct EventRow: FilterSubject {
  var event: Event
  /// The time since the event before this one, in nanoseconds; nil: the list has no earlier event.
  var gap: UInt64?

  func value(of field: FilterField) -> FilterValue { event.value(of: field) }
}

struct EventsScreen: ListScreen {
  static let id = ScreenID.events
  let frame: Frame
  let state: AppState

  var rows: Rows<EventRow> {
    let events = frame.detail.events?.events ?? []
    return Rows(count: events.count) { place in
      let index = events.count - 1 - place
      let (event, before) = (events[index], index > 0 ? events[index - 1].time : nil)
      return EventRow(event: event, gap: before.map { event.time - min($0, event.time) })
    }
  }

  func key(of row: EventRow) -> UInt64 {
    switch row.event.lane {
    case .p(let id): row.event.position << 18 | UInt64(id) << 1
    case .m(let id): row.event.position << 18 | UInt64(id) << 1 | 1
    }
  }
  func g(of row: EventRow) -> UInt64? { row.event.g }
  func subject(of row: EventRow) -> Subject? {
    .event(row.event.lane, position: row.event.position, time: row.event.time)
  }
  var emptyText: String {
    if let absence = frame.snapshot.trace.absence { return absence }
    guard let list = frame.detail.events else { return "collecting events" }
    let filter = state.lists[.events]?.filter ?? .everything
    return filter.isEmpty
      ? "nothing has happened since mpgtop attached"
      : "none of the last \(list.searched) events passes the filter"
  }

  private var now: UInt64 { frame.detail.events?.end ?? frame.snapshot.time }

  var columns: [Column<EventRow>] {
    let glyphs = state.glyphs
    return [
      .text("ago", 7, right: true) { [now] row in
        StyledText(TimeText.short(now - min(now, row.event.time)), .dim)
      },
      .text("after", 8, rank: 3, right: true) { row in
        row.gap.map { StyledText("+" + TimeText.short($0), .dim) } ?? StyledText()
      },
      .text("lane", 4) { StyledText($0.event.lane.name, .strong) }.identity,
      .text("M", 4, rank: 2) { StyledText("M\($0.event.m)", .dim) }.identity,
      .text("kind", 14, rank: 1) { StyledText($0.event.name, $0.event.style) },
      .text("what", 16, flexible: true) { row in
        StyledText(TextWidth.sanitised(row.event.text, isASCII: glyphs.isASCII))
      },
    ]
  }

  func head(width: Int, height: Int) -> [StyledText] {
    // Without events the empty list says why there are none, and numbers of events would say nothing more.
    if frame.snapshot.trace.absence != nil { return [] }
    guard let list = frame.detail.events else { return [StyledText("collecting events", .dim)] }
    let span = list.events.first.map { TimeText.short(list.end - min(list.end, $0.time)) } ?? "-"
    var facts = [
      ("shown", Quantity.grouped(list.events.count)), ("from the last", span),
      ("looked at", Quantity.grouped(list.searched)), ("events/s", Quantity.compact(frame.eventsPerSecond)),
    ]
    if let lost = frame.snapshot.trace.lost, lost > 0 { facts.append(("lost", Quantity.grouped(lost))) }
    return [.facts(facts)]
  }
}
