// Where Enter leads, how Esc leads back, and how the timeline uses its room.
import Inspector
import Region
import Testing

@testable import TUI

@Suite("Ways in and back")
struct WayBackTests {
  private func state(_ screen: ScreenID, _ columns: Int = 80, _ rows: Int = 24) -> AppState {
    var state = AppState(size: Size(columns: columns, rows: rows), screen: screen)
    _ = state.update(.frame(Fixtures.detailed()))
    return state
  }

  private func press(_ key: Key, _ state: inout AppState) -> Effect { state.update(.input(.key(key))) }

  @Test("Enter on an event without a G goes to its moment, with what its P or M did up to there")
  func eventWithoutG() throws {
    var state = state(.events)
    let events = try #require(state.shown?.detail.events?.events)
    var seen: Set<String> = []
    for event in events.reversed().prefix(16) {
      var there = state
      if event.g == nil {
        #expect(press(.enter, &there) == .time(.seek(event.time + 1)))
        switch event.lane {
        case .p(let id): #expect(there.interest.why == .p(id))
        case .m(let id): #expect(there.interest.why == .m(id))
        }
        seen.insert(event.name)
        _ = press(.escape, &there)
        #expect(there.why == nil && there.screen == .events)
      } else {
        #expect(press(.enter, &there) == .nothing && there.interest.why == nil)
        #expect(there.lists[.events]?.filter == Filter("g:\(event.g ?? 0)"))
      }
      _ = press(.down, &state)
    }
    #expect(seen.count >= 3)
  }

  @Test("Enter on a P or M that runs nothing shows its events")
  func idleLanes() {
    var ps = state(.ps)
    _ = press(.down, &ps)
    _ = press(.enter, &ps)
    #expect(ps.screen == .events && ps.lists[.events]?.filter == Filter("p:1"))
    var ms = state(.ms)
    _ = press(.enter, &ms)
    #expect(ms.screen == .events && ms.lists[.events]?.filter == Filter("m:0"))
  }

  @Test("Esc goes back to the list, the row, the grouping and the filter that Enter and F led away from")
  func escapeLeadsBack() {
    var state = state(.gs)
    for scalar in "/sleep".unicodeScalars { _ = press(.character(scalar), &state) }
    _ = press(.enter, &state)
    _ = press(.down, &state)
    let list = state.lists[.gs]
    _ = press(.enter, &state)
    #expect(state.screen == .events)
    #expect(press(.escape, &state) == .nothing)
    #expect(state.screen == .gs && state.lists[.gs] == list)

    _ = press(.escape, &state)
    _ = press(.character("o"), &state)
    _ = press(.enter, &state)
    #expect(state.gsMode == .list && state.lists[.gs]?.filter.isEmpty == false)
    _ = press(.escape, &state)
    #expect(state.gsMode == .reasons && state.screen == .gs)

    // A digit shows a screen and forgets the way back.
    _ = press(.enter, &state)
    _ = press(.character("3"), &state)
    _ = press(.escape, &state)
    #expect(state.lists[.gs]?.filter.isEmpty != false)
  }

  @Test("a click on a tab works on the Overview as well")
  func tabsOfTheOverview() throws {
    var state = state(.overview)
    let tab = try #require(Chrome.tabs(state).first { $0.screen == .ms })
    _ = state.update(.input(.click(x: tab.x + 1, y: 1)))
    #expect(state.screen == .ms)
  }

  @Test("the timeline fills what room there is, and nothing of it is beyond the screen")
  func timelineFillsTheRoom() {
    for rows in 12...70 {
      for lanes in [0, 1, 2, 3, 8, 40, 200] {
        for others in [0, 1, 7, 300] {
          let body = ListPanel.body(Size(columns: 200, rows: rows)).height
          let layout = TimelineLayout(TimelineState(), total: lanes, others: others, height: body)
          let used =
            4 + layout.shown * layout.band + (layout.others > 0 ? layout.others + 2 : 0)
            + (layout.gs > 0 ? layout.gs + 1 : 0)
          #expect(used <= max(body, 5), "\(rows) rows, \(lanes) lanes, \(others) others: \(layout)")
          if lanes > 0, others > 30, rows >= 30 { #expect(used >= body - 4, "\(rows), \(lanes): \(layout)") }
        }
      }
    }
  }

  @Test("at 200x60 two Ps are bands, and the Ms and the Gs behind the letters are told; nothing is cut")
  func wideTimeline() {
    var state = state(.timeline, 200, 60)
    var frame = Fixtures.detailed()
    frame.detail.timeline = Fixtures.timeline(rows: 2, columns: 192)
    frame.detail.timeline?.others = Fixtures.timeline(rows: 7, columns: 192).rows
    _ = state.update(.frame(frame))
    #expect(state.interest.timeline?.hasOthers == true)
    let lines = Screen.draw(state).lines
    #expect(lines.count { !$0.isEmpty } >= 33)
    #expect(
      lines.contains { $0.contains("Threads (M) 7") }
        && lines.contains { $0.contains("Gs that had most of P0") })
    #expect(!lines.joined().contains("…"))
    let layout = TimelineScreen.layout(state)
    #expect(
      layout.band > 3 && layout.lane(atRow: layout.band) == 1 && layout.lane(atRow: layout.band * 2) == nil)
    // A click on the second band selects that band.
    _ = state.update(.input(.click(x: 50, y: 4 + layout.band + 2)))
    #expect(state.timeline.selectedRow == 1 && state.timeline.cursor != nil)
  }

  @Test(
    "a step says which event it went over and how far now is, at the ends that it is one, on every screen")
  func stepsAreTold() throws {
    let event = try #require(Fixtures.detailed().detail.events?.events.last)
    for (screen, columns) in ScreenID.allCases.flatMap({ screen in [40, 80, 200].map { (screen, $0) } }) {
      func footer(_ step: PastStep?, _ origin: Past.Origin = .live) -> String {
        var frame = Fixtures.past()
        frame.past?.step = step
        frame.past?.origin = origin
        var state = AppState(size: Size(columns: columns, rows: 24), screen: screen)
        _ = state.update(.frame(frame))
        return Screen.draw(state).lines.last ?? ""
      }
      let forth = footer(PastStep(isForward: true, event: event, behind: 0))
      #expect(forth.contains("over \(event.lane.name) G99") && forth.contains("; now is 1.50 s later"))
      let back = footer(PastStep(isForward: false, event: event, behind: 0), .recording)
      #expect(back.contains("back over \(event.lane.name) G") && back.contains("; 1.50 s to the end"))
      #expect(footer(PastStep(isForward: true, event: nil, behind: 0)).contains("this is the newest moment"))
      #expect(footer(PastStep(isForward: false, event: nil, behind: 0)).contains("this is the first moment"))
      #expect(!footer(nil).contains("over"))
    }
  }

  @Test("no name of a kind of event is cut")
  func kindsAreWhole() {
    let state = state(.events)
    let column = EventsScreen(frame: Fixtures.detailed(), state: state).columns.first { $0.title == "kind" }
    let longest = EventKind.allCases.map { "\($0)".count }.max() ?? 0
    #expect(longest <= column?.width ?? 0)
  }
}
