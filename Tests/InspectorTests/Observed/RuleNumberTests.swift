// Sentences take the numbers of the scheduler's rules from the target. If the target does not publish them,
// sentences have none.
import Region
import Testing

@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Numbers of rules")
struct RuleNumberTests {
  private static let strange: [RuleNumber: UInt64] = [
    .slice: 7_000_000, .grain: 2_500_000, .elsewhere: 625_000, .lateness: 3_000_000, .backstop: 41_000_000,
    .lrq: 512, .rounds: 6, .turn: 53, .preemption: 1,
  ]

  private func numbers(_ told: [RuleNumber: UInt64]) -> Snapshot.RuleNumbers {
    var numbers = Snapshot.RuleNumbers()
    for (number, value) in told { numbers[number] = value }
    return numbers
  }

  /// All sentences about rules, in one text.
  private func sentences(_ numbers: Snapshot.RuleNumbers) -> String {
    let rules = Rules(numbers)
    var all = EventKind.allCases.map { $0.explanation(rules) }
    all +=
      [PStatus.idle, .running, .spinning, .syscall, .stopped].map(rules.p) + MState.allCases.map(rules.m)
    all += SpanKind.allCases.map(rules.latency) + WaitReason.allCases.map(rules.wait)
    all += [Rules.steal, Rules.ring, Rules.descriptor]
    var instruments = Instruments()
    instruments.recent.sysmonPolls = 40
    var snapshot = Snapshot()
    snapshot.ruleNumbers = numbers
    all += Lints.all.flatMap { $0.findings(in: instruments, snapshot) }.map(\.message)
    return all.joined(separator: " ")
  }

  @Test("each number that the target tells stands in a sentence as it is told")
  func told() {
    let text = sentences(numbers(Self.strange))
    for words in [
      "a slice (7 ms)", "a grain (2.5 ms)", "After 625 µs without", "more than 3 ms", "for 41 ms", "(512)",
      "6 times round", "every 53rd start",
    ] { #expect(text.contains(words), "\(words)") }
  }

  @Test("what the target does not tell has no number in any sentence")
  func untold() {
    let text = sentences(Snapshot.RuleNumbers())
    #expect(text.matches(of: #/\d+/#).map { String($0.0) }.allSatisfy { ["40"].contains($0) }, "\(text)")
    #expect(!text.contains("()") && !text.contains("nil") && !text.contains("  "))
  }

  @Test("with preemption off nobody is said to be stopped after a time")
  func withoutPreemption() {
    let rules = Rules(numbers(Self.strange.merging([.preemption: 2]) { $1 }))
    #expect(rules.turn.contains("preemption is off") && !rules.turn.contains("ms"))
  }

  @Test("read from a region by name, kept in keyframes; a number that no rule has is not believed")
  func fromRegion() throws {
    for plan in [Plan.standard(), Plan.moved()] {
      let region = RegionFixture(plan)
      for (number, value) in Self.strange {
        region[HeaderField.ruleNumbers, 0, Int(number.rawValue) + Int(plan.shift)] = value
      }
      let source = try region.source()
      let observed = try source.observe()
      #expect(observed.snapshot.ruleNumbers == numbers(Self.strange))
      region[HeaderField.ruleNumbers, 0, Int(RuleNumber.slice.rawValue) + Int(plan.shift)] = .max
      #expect(try source.observe().snapshot.ruleNumbers[.slice] == nil)

      var keyframe = Keyframe()
      (keyframe.snapshot, keyframe.clock) = (observed.snapshot, observed.clock)
      let read = try #require(Keyframe(keyframe.bytes))
      #expect(read.snapshot.ruleNumbers == observed.snapshot.ruleNumbers)
    }
  }

  @Test("a target that does not tell them has none")
  func older() throws {
    var plan = Plan.standard()
    plan.text =
      plan.text.split(separator: "\n").filter { !$0.contains("RuleNumber") && !$0.contains("ruleNumbers") }
      .joined(separator: "\n") + "\n"
    #expect(try RegionFixture(plan).source().observe().snapshot.ruleNumbers == Snapshot.RuleNumbers())
  }

  @Test("an exact length of time, without digits that say nothing")
  func lengths() {
    func text(_ value: UInt64) -> String? { numbers([.slice: value]).text(.slice) }
    #expect(text(10_000_000) == "10 ms" && text(250_000) == "250 µs" && text(1_500_000_000) == "1.5 s")
    #expect(text(1_050_000) == "1.05 ms" && text(999) == "999 ns" && text(1_234_567) == "1234.567 µs")
    #expect(text(0) == nil)
  }
}
