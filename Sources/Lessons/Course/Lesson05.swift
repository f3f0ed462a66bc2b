// Lesson 5: every 61st start looks past runnext.
import Inspector
import Region

extension Lesson {
  static let sixtyOne = Lesson(
    number: 5,
    title: "Every 61st start",
    claim: "A P that always has a G in runnext takes every 61st G from the queues all the same.",
    situation: """
      Two Gs hand each other a value over channels. Each makes the other ready, in `runnext`, so `runnext` is never \
      empty when the P looks for work, and it always comes first. Behind them 260 Gs wait, on the LRQ and on the \
      GRQ. Preemption is not needed here.
      """,
    rate: 64,
    scenes: [
      Scene(
        name: "5",
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask, .step(.home, until: .mark(.done)), .prove,
        ] + Move.end)
    ],
    numbers: [.turn: 61],
    question: { now in
      let waiting = now.ps.reduce(now.grq ?? 0) { $0 + ($1.lrq ?? 0) }
      return Question(
        """
        \(waiting) Gs wait behind the two. A P starts one G after the other. Every how many starts does it take \
        one of those that wait, and not the one in `runnext`?
        """, .number(of: "start"))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let starts = try tape.between(.ready, .done).all(.goStart) { $0.p == tape.home }
      let looks = starts.indices.filter { [.grq, .lrq].contains(starts[$0].record.runSource) }
      let gaps = zip(looks, looks.dropFirst()).map { $1 - $0 }
      guard let gap = gaps.first, gaps.count >= 2, gaps.allSatisfy({ $0 == gap }) else {
        throw Unproven("starts from the queues came \(gaps) starts apart")
      }
      return Outcome(
        .number(gap),
        "of \(starts.count) starts, \(looks.count) were from the queues, always \(gap) apart; all others from runnext",
        evidence.proof(
          looks.map { place in
            (starts[place], "start number \(place + 1): " + starts[place].record.runSource.sourceWords)
          }, on: tape))
    },
    why: """
      Without this rule two Gs that make each other ready could keep their P for ever, and everybody behind them \
      would starve. The rule must cost next to nothing, because it is checked at every start: a counter, and one \
      division. 61 is a prime number, so the look does not fall on the same G of a program's own loop every time. \
      It looks at the GRQ first, which nobody else may have looked at for long; here, GRQ and \
      LRQ take turns in coming first.
      """,
    go: """
      Go has the same number: in schedule, schedtick % 61 == 0 looks at the GRQ. Go looks only there. \
      Here the look passes over `runnext` for the LRQ as well. Both also have preemption: Gs that share one slice \
      by handing each other the P are stopped together.
      """,
    notes: [
      "Ask why not every 2nd start. It would throw away what runnext is for: warm caches, and quick answers.",
      "Ask why not 64, which is cheaper to compute. A program that works in rounds of 2, 4 or 8 would meet it "
        + "in step.",
    ])
}
