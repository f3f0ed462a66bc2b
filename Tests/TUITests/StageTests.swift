// The stage: sentences, trails, following, and what is said to screen readers.
import Inspector
import Region
import Testing

@testable import Observed
@testable import TUI

@Suite("The stage")
struct StageTests {
  private func state(_ frame: Frame, _ columns: Int = 80, _ rows: Int = 24) -> AppState {
    var state = AppState(size: Size(columns: columns, rows: rows), screen: .stage)
    _ = state.update(.frame(frame))
    return state
  }

  private func frame(_ move: StageMove?) -> Frame {
    var frame = Fixtures.past()
    frame.detail.stage?.moves = [move].compactMap { $0 }
    return frame
  }

  private func press(_ key: Unicode.Scalar, _ state: inout AppState) {
    _ = state.update(.input(.key(.character(key))))
  }

  private static let queued = Place(.grq, depth: 3).bits
  /// Events of G42 on P1 and M3: kind, detail, count, argument; from where to where; words of the sentence.
  private static let moves: [(EventKind, UInt8, UInt32, UInt64, StagePlace?, StagePlace?, String)] = [
    (
      .goCreate, 0, 0, 7 | Place(.runnext, depth: 0).bits, .running(p: 1), .next(p: 1),
      "G7 spawns G42: it goes into P1's runnext"
    ),
    (
      .goCreate, 0, 0, Place(.lrq, depth: 2).bits, .running(p: 1), .lrq(p: 1),
      "G42 is spawned: it goes to the end of P1's LRQ"
    ),
    (
      .goStart, RunSource.lrq.rawValue, 0, 0, .lrq(p: 1), .running(p: 1),
      "P1 runs G42, the first on its LRQ"
    ),
    (.goStart, RunSource.grq.rawValue, 0, 0, .grq, .running(p: 1), "P1 runs G42, from the GRQ"),
    (
      .goPark, WaitReason.netpollRead.rawValue, 0, 8, .running(p: 1), .sockets,
      "G42 parks: it waits for its socket"
    ),
    (.goPark, WaitReason.sleep.rawValue, 0, 0, .running(p: 1), .timers, "G42 parks: it waits for its time"),
    (
      .goReady, WaitReason.chanReceive.rawValue, 0, 9 | Place(.runnext, depth: 0).bits, .others,
      .next(p: 1), "G9 makes G42 ready: it goes into P1's runnext"
    ),
    (.goReady, WaitReason.netpollRead.rawValue, 0, queued, .sockets, .grq, "the socket of G42 is ready"),
    (.goPreempt, 0, 0, queued, .running(p: 1), .grq, "it is preempted: it goes to the GRQ"),
    (.goSyscall, 0, 0, 0, .running(p: 1), .call(m: 3), "G42 goes into a system call, and M3 with it"),
    (.goSyscallExit, 1, 0, 0, .call(m: 3), .running(p: 1), "its P is still there"),
    (.goSyscallExit, 0, 0, queued, .call(m: 3), .grq, "no P is free: it goes to the GRQ"),
    (.goExit, 0, 0, 0, .running(p: 1), nil, "G42 is done"),
    (.steal, 0, 12, 0, .lrq(p: 0), .lrq(p: 1), "P1 has no work: it steals 12 Gs, half of P0's LRQ"),
    (.steal, 1, 1, 0, .next(p: 0), .lrq(p: 1), "it steals the G in P0's runnext"),
    (.overflow, 0, 129, 129, .lrq(p: 1), .grq, "P1's LRQ is full: 129 Gs go to the GRQ"),
    (.grqTake, 0, 1, 4, .grq, .lrq(p: 1), "P1 takes 1 G from the GRQ; 4 stay there"),
  ]

  @Test("each kind of event that moves a G has a sentence, a way and an end")
  func everyMoveIsTold() throws {
    for (kind, detail, count, arg, from, to, words) in Self.moves {
      let move = try #require(Fixtures.move(kind, g: 42, lane: .p(1), detail: detail, count: count, arg: arg))
      #expect(
        move.from == from && move.to == to,
        "\(kind): \(String(describing: move.from)) \(String(describing: move.to))")
      #expect(move.sentence.contains(words), "\(move.sentence)")
      let lines = Screen.draw(state(frame(move))).lines
      #expect(lines.joined(separator: " ").contains(words.prefix(30)), "\(lines)")
      let arrows = lines.dropFirst(3).dropLast().joined().filter { $0 == "↑" || $0 == "▸" || $0 == "×" }
      #expect(arrows.count == 1, "\(kind): \(lines.joined(separator: "\n"))")
    }
  }

  @Test("a batch moves as one block with its count, and a step back undoes it")
  func batches() throws {
    let move = try #require(Fixtures.move(.overflow, lane: .p(0), count: 129, arg: 129))
    #expect(Screen.draw(state(frame(move))).lines.contains { $0.contains("129 Gs ─") })
    let undone = try #require(Fixtures.move(.overflow, lane: .p(0), count: 129, arg: 129, isForward: false))
    let lines = Screen.draw(state(frame(undone))).lines
    #expect(lines[2].contains("undone: P0's LRQ is full"))
    // The arrow is at the LRQ again, in the row below the first lane.
    #expect(lines.prefix(12).contains { $0.contains("↑") } && !lines.suffix(4).contains { $0.contains("↑") })
  }

  @Test(
    "a steal and the start of its first G are seen together: the way of all, and the way of the one that runs"
  )
  func stealAndStart() throws {
    var frame = Fixtures.past()
    frame.detail.stage?.moves = [
      try #require(Fixtures.move(.steal, lane: .p(1), count: 8)),
      try #require(Fixtures.move(.goStart, g: 42, lane: .p(1), detail: RunSource.steal.rawValue)),
    ]
    let lines = Screen.draw(state(frame)).lines
    #expect(lines.contains { $0.contains("8 Gs ─") })
    #expect(lines.dropFirst(4).dropLast().joined().filter { $0 == "↑" }.count == 2)
  }

  @Test("every event that has no way has a sentence, or is left out")
  func othersAreTold() {
    for kind in EventKind.allCases {
      guard let move = Fixtures.move(kind, g: 42, lane: .m(3), detail: 1, count: 2, arg: 1) else { continue }
      #expect(!move.sentence.isEmpty && !move.sentence.contains("Optional"))
      #expect(Screen.draw(state(frame(move))).lines.count == 24)
    }
    #expect(Fixtures.move(.goLabel, g: 1, lane: .p(0)) == nil && Fixtures.move(.gcStart, lane: .m(1)) == nil)
  }

  @Test("a G is followed by F or by a click, stays marked, and x asks about it")
  func following() throws {
    var state = state(frame(Fixtures.move(.goStart, g: 2002, lane: .p(0), detail: RunSource.lrq.rawValue)))
    press("F", &state)
    #expect(state.stage.followed == 2002 && state.interest.stage?.followed == 2002)
    #expect(Screen.draw(state).lines.contains { $0.contains("on P0's LRQ, place 1") })
    press("x", &state)
    #expect(state.why == .g(2002))
    press("x", &state)
    press("F", &state)
    #expect(state.stage.followed == nil)

    let lines = Screen.draw(state).lines
    let y = try #require(lines.firstIndex { $0.contains("G2003") })
    let x = try #require(
      lines[y].range(of: "G2003").map { lines[y].distance(from: lines[y].startIndex, to: $0.lowerBound) })
    _ = state.update(.input(.click(x: x, y: y)))
    #expect(state.stage.followed == 2003)
    let canvas = Screen.draw(state)
    #expect(canvas[x, y].style == .selected)
    _ = state.update(.input(.click(x: x, y: y)))
    #expect(state.stage.followed == nil)
  }

  @Test("with more Ps than rows the lanes scroll, and say how many are hidden")
  func scrolling() {
    var state = state(Fixtures.detailed(Fixtures.many(ps: 64)))
    #expect(Screen.draw(state).lines.contains { $0.hasPrefix(" P0") })
    #expect(Screen.draw(state).lines.contains { $0.contains("Ps more") })
    _ = state.update(.input(.key(.end)))
    #expect(Screen.draw(state).lines.contains { $0.hasPrefix(" P63") })
    #expect(!Screen.draw(state).lines.contains { $0.hasPrefix(" P0 ") })
  }

  @Test("a live target that is too fast says so, and shows no trail; held, it shows one")
  func tooFast() {
    var frame = Fixtures.detailed()
    #expect(Screen.draw(state(frame)).lines[2].contains("too many to follow: z holds"))
    #expect(!Screen.draw(state(frame)).lines.contains { $0.contains("129 Gs ─") })
    #expect(Screen.draw(state(frame)).lines.last?.contains("z . hold, step") == false)
    frame.snapshot.pace = Pace(state: .held, steps: 3, waiting: [3])
    #expect(Screen.draw(state(frame)).lines.last?.contains("z . hold, step") == true)
    #expect(Screen.draw(state(frame)).lines[2].contains("P0's LRQ is full"))
    #expect(Screen.draw(state(frame)).lines.contains { $0.contains("129 Gs ─") })
    // M3 waits for its turn; M4 does not, but runs nothing.
    #expect(!Screen.draw(state(frame)).lines.contains { $0.contains("own code") })
    frame.snapshot.pace?.waiting = []
    #expect(Screen.draw(state(frame)).lines.contains { $0.contains("own") })
  }

  @Test("screen readers hear the same sentences, each once")
  func linear() throws {
    var text = LinearText()
    var frame = Fixtures.detailed()
    frame.snapshot.pace = Pace(state: .held, steps: 3)
    let first = text.lines(frame)
    #expect(first.contains("pace: the scheduler is held"))
    #expect(first.suffix(1) == ["P0's LRQ is full: 129 Gs go to the GRQ"])
    #expect(text.lines(frame) == [])
    let next = try #require(Fixtures.move(.goExit, g: 42, lane: .p(1)))
    frame.detail.stage?.moves.append(next)
    #expect(text.lines(frame) == [next.sentence])
    frame.detail.stage?.moves = [try #require(Fixtures.move(.goExit, g: 43, lane: .p(1)))]
    #expect(text.lines(frame) == ["(more happened than is told)", "G43 is done, and gone"])
  }
}
