// Screens of a source that samples and can read stacks: where each G stands, groups by stack, and answers about now.
import Inspector
import Region
import Testing

@testable import Insight
@testable import Observed
@testable import TUI

@Suite("Screens with stacks")
struct StackScreensTests {
  private static let receive = StackFrame(
    function: "main.receive", file: "/src/app/main.go", line: 58, isInlined: true)
  private static let serve = StackFrame(function: "main.serve", file: "/src/app/main.go", line: 12)
  private static let read = StackFrame(
    function: "net.(*conn).Read", file: "/go/net/net.go", line: 9, isLibrary: true)

  /// Three Gs: two at one place, one of which moved, and one in the library below another.
  private var frame: Frame {
    var frame = Fixtures.calm()
    frame.snapshot.sampled = Snapshot.Sampled()
    frame.snapshot.trace.absence = "no events here"
    frame.hasStacks = true
    var list = Goroutines()
    list.all = (1...4).map { id in
      var g = Goroutine()
      (g.id, g.state, g.reason, g.words) = (UInt64(id), .waiting, .chanReceive, "chan receive")
      (g.since, g.isOlder, g.entry, g.parent) = (
        frame.snapshot.time - 5_000_000_000, true, "main.start at main.go:9", 1
      )
      return g
    }
    frame.detail.goroutines = list
    frame.detail.stacks = Stacks(
      outcomes: [1: .stack(0), 2: .stack(0), 3: .stack(1), 4: .moved],
      distinct: [
        CallStack(frames: [Self.receive, Self.serve]), CallStack(frames: [Self.read, Self.serve]),
      ],
      labels: [2: "part=crowd"])
    return frame
  }

  private func state(_ size: Size = Size(columns: 180, rows: 30)) -> AppState {
    var state = AppState(size: size, screen: .gs)
    _ = state.update(.frame(frame))
    return state
  }

  private func press(_ keys: Key..., on state: AppState) -> AppState {
    var state = state
    for key in keys { _ = state.update(.input(.key(key))) }
    return state
  }

  private func line(_ id: String, _ state: AppState) -> String {
    Screen.draw(state).lines.first { $0.contains(" \(id) ") || $0.contains("▸\(id) ") } ?? ""
  }

  @Test("each G's own place, the library's left out, its labels, and why there is none")
  func places() {
    let state = state()
    #expect(line("G1", state).contains("main.receive at main.go:58") && line("G1", state).contains("≥5.00 s"))
    #expect(line("G2", state).contains("part=crowd"))
    #expect(line("G3", state).contains("main.serve at main.go:12"))
    #expect(line("G4", state).contains("moved"))
    #expect(state.interest.stacks == .some([1, 2, 3, 4]))
  }

  @Test("a filter and an order by places ask for all stacks")
  func all() {
    var state = state()
    state.lists[.gs] = ListState(filter: Filter("at~main.receive"))
    #expect(state.interest.stacks == .all)
    #expect(ListPanel.summary(frame, state)?.window.total == 2)
    state.lists[.gs] = ListState(sort: "at")
    #expect(state.interest.stacks == .all)
  }

  @Test("groups by stack are the third, and Enter shows the Gs of one")
  func groups() {
    var state = press(.character("o"), .character("o"), .character("o"), on: state())
    #expect(state.gsMode == .stacks && state.interest.stacks == .all)
    let lines = Screen.draw(state).lines
    #expect(lines.contains { $0.contains("main.receive at main.go:58 ← main.serve at main.go:12") })
    #expect(lines.contains { $0.contains("moved") })
    state = press(.enter, on: state)
    let whole = Filter("stack:main.receiveatmain.go:58<main.serveatmain.go:12<")
    #expect(state.gsMode == .list && state.lists[.gs]?.filter == whole)
    #expect(state.interest.stacks == .all && ListPanel.summary(frame, state)?.window.total == 2)
    #expect(
      press(.character("o"), on: press(.character("o"), .character("o"), .character("o"), on: self.state()))
        .gsMode == .list)
  }

  @Test("x on a group says which of its Gs it explains")
  func explainedOfGroup() {
    let grouped = press(.character("o"), .character("o"), .character("o"), .character("x"), on: state())
    let heading = "which has been like this for longest in its group"
    #expect(Screen.draw(grouped).lines.contains { $0.contains(heading) })
    let alone = press(.character("x"), on: state())
    #expect(!Screen.draw(alone).lines.contains { $0.contains("in its group") })
  }

  @Test("Enter asks for the stack, and x for an answer, while the view goes on")
  func questions() {
    let entered = press(.enter, on: state())
    #expect(entered.interest.why == .stack(1) && !entered.isPaused)
    let asked = press(.character("x"), on: state())
    #expect(asked.interest.why == .g(1) && !asked.isPaused)
    #expect(press(.escape, on: entered).interest.why == nil)
    var answered = entered
    var frame = frame
    frame.detail.why = .ofNow(
      .stack(1), in: frame, Knowledge(gauges: .sampled, absenceOfEvents: "no events here"))
    _ = answered.update(.frame(frame))
    let lines = Screen.draw(answered).lines
    #expect(lines.contains { $0.contains("The stack of G1") })
    #expect(lines.contains { $0.contains("main.receive  /src/app/main.go:58 (inlined)") })
    #expect(lines.contains { $0.contains("main.serve  /src/app/main.go:12") })
  }

  @Test("a source without stacks is shown as ever, and Enter leads to events")
  func without() {
    var plain = frame
    (plain.hasStacks, plain.detail.stacks, plain.snapshot.sampled) = (false, nil, nil)
    var state = AppState(size: Size(columns: 120, rows: 30), screen: .gs)
    _ = state.update(.frame(plain))
    #expect(state.interest.stacks == nil && !Screen.draw(state).lines.contains { $0.contains("  at ") })
    #expect(press(.character("o"), .character("o"), .character("o"), on: state).gsMode == .list)
    #expect(press(.enter, on: state).screen == .events)
  }

  @Test("findings of a sampled scheduler are on the Overview, on their screens, and whole on Latency")
  func findings() {
    var frame = frame
    var instruments = Instruments()
    instruments.hasEvents = false
    instruments.findings = [
      Finding(lint: "convoy", message: "30 Gs wait for a lock", value: 30, threshold: 8),
      Finding(lint: "lockedHog", message: "G9 never waits", value: 1, threshold: 0.5),
    ]
    frame.instruments = instruments
    func lines(_ screen: ScreenID) -> [String] {
      var state = AppState(size: Size(columns: 80, rows: 24), screen: screen)
      _ = state.update(.frame(frame))
      return Screen.draw(state).lines
    }
    #expect(
      lines(.overview).contains { $0.contains("! 1/2 30 Gs wait") || $0.contains("! 2/2 G9 never waits") })
    #expect(lines(.gs).contains { $0.contains("! 30 Gs wait for a lock") })
    #expect(lines(.ms).contains { $0.contains("! G9 never waits") })
    #expect(lines(.latency).filter { $0.contains("! ") }.count == 2)
    #expect(lines(.steals).contains { $0.contains("counts no steals") })
  }

  @Test("an M that is locked to a G says so, and one that is in C")
  func bonds() {
    var frame = frame
    (frame.snapshot.ms[0].locked, frame.snapshot.ms[1].callsToC) = (77, 1)
    var state = AppState(size: Size(columns: 120, rows: 30), screen: .ms)
    _ = state.update(.frame(frame))
    let lines = Screen.draw(state).lines
    #expect(lines.contains { $0.contains("locked to") && $0.contains("in C") })
    #expect(lines.contains { $0.contains("G77") })
  }
}
