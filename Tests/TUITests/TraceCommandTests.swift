import Inspector
import Testing

@testable import TUI

@Suite("Asking for a trace")
struct TraceCommandTests {
  private static let question = TraceQuestion(
    address: "127.0.0.1:6060", others: ["127.0.0.1:8080"], length: 2_000_000_000)

  private func state(_ columns: Int = 80, _ screen: ScreenID = .overview) -> AppState {
    var state = AppState(size: Size(columns: columns, rows: 24), screen: screen)
    _ = state.update(.frame(Fixtures.calm()))
    return state
  }

  private func type(_ text: String, _ state: inout AppState) -> Effect {
    for scalar in (":" + text).unicodeScalars { _ = state.update(.input(.key(.character(scalar)))) }
    return state.update(.input(.key(.enter)))
  }

  private func said(_ state: AppState) -> String {
    Screen.draw(state).lines.map { $0.filter { $0 != " " } }.joined()
  }

  @Test("the typed line becomes a command, on every screen", arguments: ScreenID.allCases)
  func typed(_ screen: ScreenID) {
    let cases: [(String, TraceCommand)] = [
      ("trace", .last), ("trace 2s", .want(length: 2_000_000_000, port: nil)),
      ("trace 500ms", .want(length: 500_000_000, port: nil)),
      ("TRACE 3", .want(length: 3_000_000_000, port: nil)),
      ("trace 60s 6061", .want(length: 60_000_000_000, port: 6061)),
    ]
    for (text, command) in cases {
      var state = state(80, screen)
      #expect(type(text, &state) == .trace(command), "\(text)")
    }
  }

  @Test("a wrong length or port is one line with the cure, and nothing is asked for")
  func mistakes() {
    for text in [
      "trace 0", "trace 61s", "trace 99ms", "trace x", "trace 2s 0", "trace 2s 70000", "trace 1e300",
      "trace nan",
      "trace -2s", "trace 2s 1 2",
    ] {
      var state = state()
      #expect(type(text, &state) == .nothing && state.note == TraceCommand.mistake, "\(text)")
    }
    #expect(TraceCommand.command("tracer") == nil && TraceCommand.command("") == nil)
  }

  @Test("the question names the address and how to choose another; only y sends anything")
  func questions() {
    for columns in [40, 80, 120] {
      var state = state(columns)
      #expect(state.update(.traced(.ask(Self.question))) == .nothing)
      let words = said(state)
      #expect(words.contains("fromhttp://127.0.0.1:6060?y/n") && words.contains(":trace2s8080"), "\(words)")
      #expect(state.update(.input(.key(.character("y")))) == .trace(.take(Self.question)))
      #expect(state.traceQuestion == nil && !said(state).contains("y/n"))
    }
    for key in [Key.character("n"), .escape, .character("q"), .enter] {
      var state = state()
      _ = state.update(.traced(.ask(Self.question)))
      #expect(state.update(.input(.key(key))) == .nothing && state.note?.contains("nothing was sent") == true)
      #expect(state.update(.input(.key(.character("y")))) != .trace(.take(Self.question)), "asked only once")
    }
    var state = state()
    _ = state.update(.traced(.ask(Self.question)))
    #expect(state.update(.input(.key(.control("c")))) == .end(.quit))
  }

  @Test("what is announced is said once, and the next key clears it")
  func announced() {
    var (state, frame) = (state(), Fixtures.calm())
    frame.announcement = Frame.Announcement(number: 1, words: "a trace has come")
    _ = state.update(.frame(frame))
    #expect(said(state).contains("atracehascome"))
    _ = state.update(.input(.key(.down)))
    _ = state.update(.frame(frame))
    #expect(!said(state).contains("atracehascome"))
    frame.announcement?.number = 2
    _ = state.update(.frame(frame))
    #expect(said(state).contains("atracehascome"))
  }

  @Test("the palette says the forms, and the heap of a look at memory is in the header")
  func shown() {
    var state = state()
    for scalar in ":trace 2".unicodeScalars { _ = state.update(.input(.key(.character(scalar)))) }
    #expect(said(state).contains("trace0.5s"))
    #expect(Palette.found("last trace", on: .overview).map(\.action) == [.trace(.last)])
    var frame = Fixtures.calm()
    var sampled = Snapshot.Sampled()
    (sampled.heapLive, sampled.heapGoal) = (4_000_000, 8_000_000)
    (frame.look, frame.reading) = (Frame.Look(age: 5, sampled: sampled), "trace, sampled 84ms ago")
    var wide = self.state(160)
    _ = wide.update(.frame(frame))
    #expect(said(wide).contains("heap4") && said(wide).contains("trace,sampled84msago"), "\(said(wide))")
  }
}
