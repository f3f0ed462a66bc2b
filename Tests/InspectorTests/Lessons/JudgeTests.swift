// The judges of the lessons: what they conclude from events, and that they conclude nothing from other events.
import Inspector
import Region
import Testing

@testable import History
@testable import Lessons
@testable import Observed

/// Makes a tape, event by event. Each event comes a tick after the one before.
private struct TapeMaker {
  private var events: [PlacedRecord] = []
  private var time: UInt64 = 100

  mutating func add(_ kind: EventKind, g: UInt64 = 1, detail: UInt8 = 0, count: UInt32 = 0, arg: UInt64 = 0) {
    time += 1
    let record = Record(kind, time: time, m: 0, g: g, detail: detail, count: count, arg: arg)
    events.append(PlacedRecord(record: record, lane: .p(0), position: UInt64(events.count)))
  }

  /// Marks are labels, and the number of a label is that of its mark.
  mutating func add(_ mark: Mark) {
    add(.goLabel, detail: 1, count: UInt32(Mark.allCases.firstIndex(of: mark) ?? 0), arg: 1)
  }

  var tape: Tape {
    var observation = Observation()
    observation.clock = Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1)
    observation.snapshot.procs = 1
    var tape = Tape(observation, reasons: WaitReason.all)
    tape.take(events) { Mark.allCases[Int($0)].label }
    return tape
  }
}

/// RunEvidence of one scene.
private func evidence(_ tape: Tape) -> RunEvidence {
  RunEvidence(tapes: [tape], chosen: nil, history: History(HistoryLimits()))
}

/// The tape of lesson 4, with so many Gs spawned before the question, and so many moved after it.
private func overflow(spawned: Int, moved: UInt32) -> Tape {
  var maker = TapeMaker()
  maker.add(.begin)
  for index in 0..<spawned {
    let place = Place(index == 0 ? .runnext : .displacing, depth: max(0, index - 1))
    maker.add(.goCreate, g: UInt64(index + 2), arg: 1 | place.bits)
  }
  maker.add(.ready)
  maker.add(.goCreate, g: 999, arg: 1 | Place(.displacing, depth: 256).bits)
  maker.add(.overflow, g: 0, count: moved, arg: UInt64(moved))
  maker.add(.done)
  return maker.tape
}

@Suite("Judges of lessons")
struct JudgeTests {
  @Test("the lessons are numbered, and each says all that it has to say")
  func whole() {
    #expect(Lesson.all.map(\.number) == Array(1...12))
    for lesson in Lesson.all {
      let words = [lesson.title, lesson.claim, lesson.situation, lesson.why, lesson.go]
      #expect(words.allSatisfy { !$0.isEmpty } && lesson.notes.count >= 2, "lesson \(lesson.number)")
      #expect(words.dropFirst().allSatisfy { $0.hasSuffix(".") }, "lesson \(lesson.number)")
      #expect(lesson.scenes.count == [11: 2, 12: 5][lesson.number] ?? 1)
    }
  }

  @Test("from a scene in which nothing happened no judge concludes anything", arguments: 1...12)
  func nothing(number: Int) throws {
    let lesson = try #require(Lesson.number(number))
    var maker = TapeMaker()
    for mark in Mark.allCases { maker.add(mark) }
    #expect(throws: Unproven.self) { try lesson.judge(evidence(maker.tape)) }
    #expect(throws: Unproven.self) { try lesson.judge(evidence(TapeMaker().tape)) }
  }

  @Test("the overflow is what its event says, and only where the lesson's situation came about")
  func overflowIsMeasured() throws {
    let lesson = Lesson.overflow
    let outcome = try lesson.judge(evidence(overflow(spawned: 257, moved: 129)))
    #expect(
      outcome.answer == .number(129) && outcome.proof.map(\.event.kind) == [.goCreate, .goCreate, .overflow])
    #expect(throws: Unproven.self) { try lesson.judge(evidence(overflow(spawned: 257, moved: 128))) }
    #expect(throws: Unproven.self) { try lesson.judge(evidence(overflow(spawned: 256, moved: 129))) }
    var lossy = overflow(spawned: 257, moved: 129)
    lossy.lost = 1
    #expect(throws: Unproven("the scene's rings lost 1 event")) { try lesson.judge(evidence(lossy)) }
  }

  @Test("a lesson whose words name another number than the scheduler's rules is not held")
  func numbersAreChecked() throws {
    var tape = overflow(spawned: 257, moved: 129)
    for (told, isRight) in [(UInt64(256), true), (128, false)] {
      tape.snapshot.ruleNumbers[.lrq] = told
      if isRight {
        #expect(try Lesson.overflow.conclude(evidence(tape)).answer == .number(129))
      } else {
        #expect(throws: Unproven("the lesson says that 'lrq' is 256, and here it is 128")) {
          try Lesson.overflow.conclude(evidence(tape))
        }
      }
    }
  }

  @Test("who ran first is told by the starts")
  func spawnIsMeasured() throws {
    func tape(_ order: [UInt64]) -> Tape {
      var maker = TapeMaker()
      maker.add(.begin)
      for g in UInt64(2)...4 { maker.add(.goCreate, g: g, arg: 1 | Place(.displacing, depth: 0).bits) }
      maker.add(.ready)
      for g in order { maker.add(.goStart, g: g, detail: RunSource.lrq.rawValue) }
      maker.add(.done)
      return maker.tape
    }
    #expect(try Lesson.spawn.judge(evidence(tape([4, 2, 3]))).answer == .choice(2))
    #expect(throws: Unproven.self) { try Lesson.spawn.judge(evidence(tape([2, 3, 4]))) }
    #expect(throws: Unproven.self) { try Lesson.spawn.judge(evidence(tape([4, 2]))) }
  }

  @Test("a tape is in the order of time, though lanes are read one after the other")
  func tapeIsSorted() {
    var tape = TapeMaker().tape
    func event(_ time: UInt64, _ lane: Lane) -> PlacedRecord {
      PlacedRecord(record: Record(.mPark, time: time, m: 0), lane: lane, position: time)
    }
    tape.take([event(5, .p(0)), event(9, .p(0)), event(6, .p(1))]) { _ in nil }
    tape.take([event(7, .p(1))]) { _ in nil }
    #expect(tape.records.map(\.record.time) == [5, 6, 7, 9])
  }

  @Test("only the first answer to a lesson counts")
  func score() {
    var score = Score()
    score.note(false, lesson: 4)
    score.note(true, lesson: 4)
    score.note(true, lesson: 6)
    #expect(score.right == 1 && score.words == "1 of 2 right")
  }

  @Test("a scene has as many Ps as its claim needs")
  func procs() {
    #expect(Scene.Procs.any.number(wanted: 8) == 8)
    #expect(Scene.Procs.atLeast(2).number(wanted: 1) == 2 && Scene.Procs.atLeast(2).number(wanted: 4) == 4)
    #expect(Scene.Procs.exactly(1).number(wanted: 8) == 1)
  }
}
