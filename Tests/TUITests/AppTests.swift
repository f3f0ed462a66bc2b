// The loop, on a terminal in memory whose clock moves only while the app waits.
import Inspector
import Testing

@testable import TUI

@Suite("App")
struct AppTests {
  private let size = Size(columns: 80, rows: 24)

  private func frame(_ pid: Int, ended: String? = nil) -> Frame {
    var frame = Fixtures.calm()
    frame.snapshot.target.pid = Int32(pid)
    frame.ended = ended
    return frame
  }

  @Test("a frame is asked for ten times a second, and each is shown once")
  func framesComeAtTheInterval() {
    var terminal = MemoryTerminal(size: size, script: [.init(atMilliseconds: 1_050, .key(.character("q")))])
    var count = 0

    let ending = App().run(on: &terminal) {
      count += 1
      return frame(count)
    }

    #expect(ending == Ending(cause: .quit, targetEnded: nil))
    #expect(count == 11)
    #expect(terminal.pictures.map { $0.time / 1_000_000 } == Array(stride(from: 0, through: 1_000, by: 100)))
    #expect(terminal.pictures[4].canvas.lines[0].contains("pid 5 "))
  }

  @Test("without a new frame nothing is shown again")
  func sameStateIsNotDrawnAgain() {
    var terminal = MemoryTerminal(size: size, script: [.init(atMilliseconds: 1_000, .key(.character("q")))])

    _ = App().run(on: &terminal) { frame(1) }

    #expect(terminal.pictures.count == 1)
  }

  @Test("a key is answered at once, not at the next frame")
  func keysAreAnsweredAtOnce() {
    var terminal = MemoryTerminal(
      size: size,
      script: [.init(atMilliseconds: 130, .key(.character("?"))), .init(atMilliseconds: 150, .terminate(15))])

    let ending = App().run(on: &terminal) { frame(1) }

    #expect(terminal.pictures.map { $0.time / 1_000_000 } == [0, 130])
    #expect(ending.cause == .signal(15))
  }

  @Test("a and w ask the program for a recording, and its answer is told until the next key")
  func recordingsAreAskedFor() {
    var terminal = MemoryTerminal(
      size: size,
      script: [
        .init(atMilliseconds: 120, .key(.character("a"))), .init(atMilliseconds: 140, .key(.character("w"))),
        .init(atMilliseconds: 160, .key(.character("j"))), .init(atMilliseconds: 180, .key(.character("q"))),
      ])
    var asked: [RecordCommand] = []

    _ = App().run(
      on: &terminal,
      record: {
        asked.append($0)
        return $0 == .toggle ? "recording to some file" : "no room for it"
      }, next: { frame(1) })

    #expect(asked == [.toggle, .writeLast])
    let last = terminal.pictures.map { $0.canvas.lines.last ?? "" }
    #expect(last.contains { $0.contains("recording to some file") })
    #expect(last.contains { $0.contains("no room for it") } && !last[last.count - 1].contains("no room"))
  }

  @Test("the source is polled in between, at its own rhythm")
  func sourceIsPolledInBetween() {
    var terminal = MemoryTerminal(size: size, script: [.init(atMilliseconds: 1_000, .key(.character("q")))])
    var (polls, frames) = (0, 0)

    _ = App().run(
      on: &terminal,
      poll: {
        polls += 1
        return 20_000_000
      },
      next: {
        frames += 1
        return nil
      })

    #expect(polls == 50)
    #expect(frames == 10)
  }

  @Test("a wake asks for a frame before its time")
  func wakeAsksForAFrame() {
    var options = App.Options()
    options.interval = 5_000
    var terminal = MemoryTerminal(
      size: size,
      script: [.init(atMilliseconds: 700, .wake), .init(atMilliseconds: 800, .key(.character("q")))])
    var count = 0

    _ = App(options).run(on: &terminal) {
      count += 1
      return frame(count)
    }

    #expect(terminal.pictures.map { $0.time / 1_000_000 } == [0, 700])
  }

  @Test("a question that an answer leads to is asked at once, not with the next frame's turn")
  func questionsFollowAtOnce() {
    var options = App.Options()
    options.interval = 5_000
    var terminal = MemoryTerminal(
      size: size,
      script: [
        .init(atMilliseconds: 700, .key(.character("R"))), .init(atMilliseconds: 800, .key(.control("c"))),
      ])
    var interest = Interest.none
    var asked: [RequestChoice] = []

    func answer() -> Frame {
      var frame = frame(1)
      if let choice = interest.request {
        if asked.last != choice { asked.append(choice) }
        frame.detail.request = RequestAnswer(choice: choice, walk: nil)
      }
      return frame
    }
    _ = App(options).run(on: &terminal, interest: { interest = $0 }, next: answer)

    let isNext = asked.last.map { if case .next = $0 { true } else { false } }
    #expect(asked.count == 2 && isNext == true, "asked for \(asked)")
  }

  @Test("when the target ends, its last frame stays, and the ending tells how")
  func endOfTheTargetIsKept() {
    var terminal = MemoryTerminal(size: size, script: [.init(atMilliseconds: 900, .key(.character("q")))])
    var frames = [frame(7, ended: "killed by signal 9")]

    let ending = App().run(on: &terminal) { frames.popLast() }

    #expect(ending == Ending(cause: .quit, targetEnded: "killed by signal 9"))
    #expect(terminal.pictures.last?.canvas.lines[0].hasSuffix("ENDED") == true)
  }

  @Test("r after the end looks at the process that has come in its place, and before the end at none")
  func again() {
    var terminal = MemoryTerminal(
      size: size,
      script: [
        .init(atMilliseconds: 20, .key(.character("r"))), .init(atMilliseconds: 250, .key(.character("r"))),
        .init(atMilliseconds: 450, .key(.character("r"))), .init(atMilliseconds: 700, .key(.character("q"))),
      ])
    var (asked, count) = (0, 0)

    let ending = App().run(
      on: &terminal,
      again: {
        asked += 1
        return asked == 1 ? .not("no live process is called mpg-demo") : .attached("looking at process 8 now")
      },
      next: {
        count += 1
        return frame(asked < 2 ? 7 : 8, ended: asked < 2 && count > 1 ? "killed" : nil)
      })

    #expect(asked == 2 && ending == Ending(cause: .quit, targetEnded: nil))
    func lines(_ text: String) -> [[String]] {
      terminal.pictures.map(\.canvas.lines).filter { $0.contains { $0.contains(text) } }
    }
    let tooEarly = lines("the process has not ended").first
    #expect(tooEarly?[0].contains("pid 7 ") == true && tooEarly?[0].contains("ENDED") == false)
    let without = lines("no live process is called")
    #expect(without.contains { $0[0].contains("pid 7 ") && $0[0].contains("ENDED") })
    #expect(lines("r again").allSatisfy { $0[0].contains("ENDED") } && !lines("r again").isEmpty)
    #expect(lines("looking at process 8 now").contains { $0[0].contains("pid 8 ") && $0[0].contains("LIVE") })
  }

  @Test("what belonged to the process before is gone with it: moments, rows, and what lay over the screen")
  func againForgets() {
    var state = AppState(size: size, screen: .gs)
    _ = state.update(.frame(Fixtures.detailed()))
    for key in [Key.character("s"), .down, .down, .character("x")] { _ = state.update(.input(.key(key))) }
    #expect(state.why != nil && state.isPaused && state.list.selectedKey != nil && state.list.sort != nil)
    let sort = state.list.sort
    _ = state.update(.again)
    #expect(state.why == nil && !state.isPaused && state.list.selectedKey == nil && state.list.selected == 0)
    #expect(state.screen == .gs && state.list.sort == sort)
  }

  @Test("after a stop and after foreign output everything is shown again")
  func stopsAndDisturbancesRepaint() {
    var terminal = MemoryTerminal(
      size: size,
      script: [
        .init(atMilliseconds: 10, .stop), .init(atMilliseconds: 20, .disturbed),
        .init(atMilliseconds: 30, .hangUp),
      ])

    let ending = App().run(on: &terminal) { frame(1) }

    #expect(terminal.stops == 1 && terminal.repaints == 1)
    #expect(terminal.pictures.count == 3)
    #expect(ending.cause == .hangUp)
  }

  @Test("a resize is drawn at its new size")
  func resizeIsDrawn() {
    var terminal = MemoryTerminal(
      size: size,
      script: [
        .init(atMilliseconds: 10, .resize(Size(columns: 20, rows: 5))), .init(atMilliseconds: 20, .hangUp),
      ])

    _ = App().run(on: &terminal) { frame(1) }

    #expect(terminal.pictures.map(\.canvas.size) == [size, Size(columns: 20, rows: 5)])
  }

  @Test("wakes from other threads meet in one, and none is lost")
  func wakesMeet() async {
    let waker = Waker()

    await withTaskGroup { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<20_000 { waker.wake() } } }
    }

    #expect(waker.isAwake)
    waker.drain()
    #expect(!waker.isAwake)
    waker.wake()
    #expect(waker.isAwake)
  }

  @Test("every error of a terminal is one line that says what to do instead")
  func errorsSayWhatToDo() {
    let errors: [TerminalError] = [
      .unnamed, .unknown("nosuch"), .cannotMoveCursor("dumb"), .notATerminal, .refused("xterm"),
    ]

    #expect(errors.allSatisfy { $0.description.hasSuffix("use -b for plain text") })
    #expect(
      "mpgtop: \(TerminalError.cannotMoveCursor("dumb"))"
        == "mpgtop: terminal 'dumb' cannot move the cursor; use -b for plain text")
  }
}
