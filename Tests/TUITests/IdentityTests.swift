// Names such as G7001042 or descriptor 14801 are never rounded or cut on any screen: a cut name would name
// something else.
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource
@testable import TUI

@Suite("Names of things")
struct IdentityTests {
  private static let (g, m, p, fd, tid) = (UInt64(123_456_789_012), 9_999, 1_023, 1_048_575, Int32(4_194_303))

  /// One object of every kind, each with the largest possible name.
  private static var frame: Frame {
    var frame = Fixtures.detailed()
    frame.snapshot.gs.created = 2
    var lane = frame.snapshot.ps[0]
    (lane.id, lane.m, lane.g, lane.status) = (p, m, g, .running)
    frame.snapshot.ps = [lane]
    var thread = Snapshot.M()
    (thread.id, thread.tid, thread.state, thread.p, thread.g) = (m, tid, .running, p, g)
    frame.snapshot.ms = [thread]
    frame.detail.goroutines?.all = [
      Goroutine(
        id: g, state: .waiting, reason: .netpollRead, since: 7, entry: "f at Main.swift:3", parent: g - 1,
        p: p,
        fd: fd)
    ]
    let record = Record(.goStart, time: 7, m: UInt16(m), g: g)
    let event = Event(
      PlacedRecord(record: record, lane: .p(p), position: 9), Clock(first: (0, 0), second: (0, 0)),
      names: StringBook(), reasons: WaitReason.all)
    frame.detail.events?.events = [event]
    frame.snapshot.trace.rings = [Snapshot.Ring(lane: .m(m), capacity: 4096, events: 1, lost: 0)]
    return frame
  }

  /// The names that each screen must show whole when all columns have room.
  @Test(
    "every name is whole on every screen",
    arguments: [
      (ScreenID.ps, ["P1023", "M9999", "G123456789012"]),
      (.gs, ["G123456789012", "P1023", "1048575", "G123456789011"]),
      (.ms, ["M9999", "P1023", "G123456789012", "4194303"]), (.steals, ["P1023"]),
      (.netpoll, ["1048575", "G123456789012", "P1023"]), (.events, ["P1023", "M9999"]), (.tracer, ["M9999"]),
      (.overview, ["P1023", "M9999", "G123456789012"]),
    ])
  func whole(_ screen: ScreenID, _ names: [String]) {
    for columns in [120, 200] {
      var state = AppState(size: Size(columns: columns, rows: 60), screen: screen)
      _ = state.update(.frame(Self.frame))
      let words = Set(
        Screen.draw(state).lines.flatMap { line in
          line.split { $0 == " " || $0 == "▸" }.map(String.init)  // the selected row has a mark
        })
      for name in names { #expect(words.contains(name), "\(name) on \(screen) at \(columns)") }
    }
  }

  @Test("a column that names something says so, so that it is never cut", arguments: ScreenID.allCases)
  func declared(_ screen: ScreenID) {
    var state = AppState(size: Size(columns: 200, rows: 60), screen: screen)
    _ = state.update(.frame(Self.frame))
    func check<S: ListScreen>(_ list: S) {
      let names = ["P", "M", "G", "fd", "tid", "by", "which", "thief", "lane", "ring"]
      for column in list.columns where names.contains(column.title) {
        #expect(column.isIdentity, "\(column.title) on \(S.id)")
      }
    }
    check(PsScreen(frame: Self.frame, state: state))
    check(GsScreen(frame: Self.frame, state: state))
    check(MsScreen(frame: Self.frame, state: state))
    check(GroupsScreen(frame: Self.frame, state: state))
    check(StealsScreen(frame: Self.frame, state: state))
    check(NetpollScreen(frame: Self.frame, state: state))
    check(EventsScreen(frame: Self.frame, state: state))
    check(TracerScreen(frame: Self.frame, state: state))
  }

  @Test("no picture has a name with a unit in it", arguments: PictureBook.all)
  func pictures(_ picture: Picture) {
    for line in picture.lines {
      let cut = line.firstMatch(of: #/(?:^|[^A-Za-z0-9])(?:[GMP]|tid |pid |fd |:)\d[\d.]*[kMGT]\b/#)
      #expect(cut == nil, "\(picture.name): \(line)")
    }
  }
}
