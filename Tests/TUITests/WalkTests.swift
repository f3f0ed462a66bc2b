// Following a request, and the boot: what keys do, and how step and moment follow each other.
import Inspector
import Testing

@testable import TUI

@Suite("Following a request, on the screen")
struct WalkTests {
  private func state(_ frame: Frame?, _ columns: Int = 80, _ rows: Int = 24) -> AppState {
    var state = AppState(size: Size(columns: columns, rows: rows))
    if let frame { _ = state.update(.frame(frame)) }
    return state
  }

  private func press(_ key: Key, _ state: inout AppState) -> Effect { state.update(.input(.key(key))) }
  private func text(_ state: AppState) -> String { Screen.draw(state).lines.joined(separator: "\n") }

  /// The source's frame of a past moment while the request of `choice` is followed.
  private func past(_ walk: RequestWalk?, _ choice: RequestChoice, at time: UInt64) -> Frame {
    var frame = Fixtures.past()
    frame.past?.time = time
    frame.detail.request = RequestAnswer(choice: choice, walk: walk)
    return frame
  }

  /// A view that was live. The last request was asked for and found, and time has moved to the request's
  /// first step.
  private func found() throws -> (AppState, RequestWalk, RequestChoice) {
    let live = Fixtures.detailed()
    var state = state(live)
    #expect(press(.character("R"), &state) == .time(.hold) && state.isPaused)
    let choice = RequestChoice.last(by: live.snapshot.time)
    #expect(state.interest.request == choice)
    let walk = Fixtures.walk(ending: live.snapshot.time - 1_000_000_000)
    let effect = state.update(.frame(past(walk, choice, at: live.snapshot.time)))
    #expect(effect == .time(.seek(walk.steps[0].moment + 1)) && !state.isPaused)
    #expect(state.update(.frame(past(walk, choice, at: walk.steps[0].moment + 1))) == .nothing)
    return (state, walk, choice)
  }

  @Test("R holds a live view, finds the last request and goes to the moment of its first step")
  func firstStep() throws {
    let (state, _, _) = try found()
    #expect(state.walk?.step == 0 && text(state).contains("Request 14336 GET /sleep"))
    #expect(text(state).contains("▸1") && text(state).contains("-6.03 s"))
  }

  @Test("a step asks for its moment and stays there, also when another step has the same or none")
  func stepsMoveTime() throws {
    var (state, walk, choice) = try found()
    for step in 1...6 {
      #expect(press(.down, &state) == .time(.seek(walk.steps[step].moment + 1)))
      // The history's clock rounds, so the moment may differ by a nanosecond.
      _ = state.update(.frame(past(walk, choice, at: walk.steps[step].moment + 2)))
      _ = state.update(.frame(past(walk, choice, at: walk.steps[step].moment + 2)))
      #expect(state.walk?.step == step)
    }
    #expect(press(.down, &state) == .time(.seek(walk.steps[6].moment + 1)) && state.walk?.step == 6)
    #expect(press(.home, &state) == .time(.seek(walk.steps[0].moment + 1)) && state.walk?.step == 0)
  }

  @Test("keys of time, and a replay, take the step along")
  func timeMovesStep() throws {
    var (state, walk, choice) = try found()
    #expect(press(.character("p"), &state) == .time(.replay(walk.steps.map { $0.moment + 1 })))
    for (moment, step) in [
      (walk.zero - 5, 1), (walk.zero + 1, 3), (walk.zero + 60_000, 4), (walk.last + 9, 6),
    ] {
      _ = state.update(.frame(past(walk, choice, at: moment)))
      #expect(state.walk?.step == step)
    }
    #expect(press(.character("["), &state) == .time(.stepBack))
    _ = state.update(.frame(past(walk, choice, at: walk.last - 9)))
    #expect(state.walk?.step == 5)
  }

  @Test("the screens behind can be changed; Esc closes what lies over them")
  func screensBehind() throws {
    var (state, _, _) = try found()
    _ = press(.character("3"), &state)
    #expect(state.screen == .gs && state.walk != nil)
    _ = press(.escape, &state)
    #expect(state.walk == nil && state.screen == .gs && state.interest.request == nil)
  }

  @Test("Left and Right go to the request before and after, R to one that has yet to come")
  func otherRequests() throws {
    var (state, walk, choice) = try found()
    let end = try #require(walk.span.end)
    _ = press(.left, &state)
    #expect(state.walk?.choice == .last(by: end - 1))
    // No request is before this one: the next one is shown, and a note says so.
    #expect(state.update(.frame(past(nil, .last(by: end - 1), at: end))) == .nothing)
    #expect(state.walk?.choice == .next(after: end - 1))
    _ = state.update(.frame(past(walk, .next(after: end - 1), at: end)))
    #expect(text(state).contains("none had ended before"))
    _ = press(.character("R"), &state)
    choice = .next(after: end)
    #expect(state.walk?.choice == choice)
    // A paused view goes live again, so that the next request can come.
    #expect(state.update(.frame(past(nil, choice, at: end))) == .time(.now))
    var live = Fixtures.unanswered(Fixtures.detailed(), choice)
    #expect(state.update(.frame(live)) == .nothing && text(state).contains("waiting for the next one"))
    live.detail.request?.walk = walk
    #expect(state.update(.frame(live)) == .time(.seek(walk.steps[0].moment + 1)))
  }

  @Test("a recording without a request says so, and does not wait")
  func none() {
    var frame = Fixtures.past()
    frame.past?.origin = .recording
    var state = state(frame)
    #expect(press(.character("R"), &state) == .nothing)
    let moment = frame.past?.time ?? 0
    #expect(state.update(.frame(Fixtures.unanswered(frame, .last(by: moment)))) == .nothing)
    #expect(state.update(.frame(Fixtures.unanswered(frame, .next(after: moment)))) == .nothing)
    #expect(text(state).contains("No request, or other span, ends in this history"))
  }

  @Test("on a list the request of the selected G is meant; if it took part in none, the last one")
  func ofSelectedG() {
    let frame = Fixtures.detailed()
    var state = state(frame)
    _ = press(.character("3"), &state)
    _ = press(.down, &state)
    _ = press(.character("R"), &state)
    #expect(state.walk?.choice == .of(g: 8, by: frame.snapshot.time))
    _ = state.update(.frame(Fixtures.unanswered(Fixtures.past(), .of(g: 8, by: frame.snapshot.time))))
    #expect(state.walk?.choice == .last(by: frame.snapshot.time))
    #expect(state.walk?.note?.hasPrefix("G8 took part in no request") == true)
  }

  @Test("what is told of a step scrolls to its last line")
  func scrolls() throws {
    var state = state(Fixtures.requested(), 40, 12)
    _ = press(.character("R"), &state)
    for _ in 0..<5 { _ = press(.down, &state) }
    #expect(text(state).contains("more lines"))
    for _ in 0..<9 { _ = press(.pageDown, &state) }
    #expect(!text(state).contains("more lines") && text(state).contains("may steal it."))
    for _ in 0..<9 { _ = press(.pageUp, &state) }
    #expect(text(state).contains("G1 (mpg_demo at main.swift:12)"))
  }

  @Test("both draw at any size, whatever is known", arguments: OverlayID.allCases)
  func anySize(_ overlay: OverlayID) {
    let key = Key.character(overlay == .walk ? "R" : "B")
    for frame in [nil, Fixtures.empty(), Fixtures.requested(), Fixtures.booted(), Fixtures.past()] {
      for columns in [0, 1, 39, 40, 59, 60, 80, 117, 118, 300] {
        for rows in [0, 1, 11, 12, 16, 24, 90] {
          var state = state(frame, columns, rows)
          for key in [key, .down, .down, .pageDown, .end, .character("?")] { _ = press(key, &state) }
          #expect(Screen.draw(state).cells.count == columns * rows)
        }
      }
    }
  }

  @Test("the boot's steps are told in order, with the numbers of the header")
  func boot() {
    var state = state(Fixtures.booted())
    _ = press(.character("B"), &state)
    #expect(text(state).contains("Boot, 22.5 ms to the program's own code"))
    #expect(text(state).contains("+12.9 ms") && text(state).contains("2.10 ms  the region"))
    for _ in 0..<20 { _ = press(.down, &state) }
    #expect(state.boot?.step == 9 && text(state).contains("ran it: from here on"))
    _ = press(.character("B"), &state)
    #expect(state.boot == nil)
  }
}
