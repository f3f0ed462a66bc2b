// Lesson 4: the queue is full, and half of it goes to the GRQ.
import Inspector
import Region

extension Lesson {
  static let overflow = Lesson(
    number: 4,
    title: "The 257th G: overflow",
    claim:
      "When a G finds no place in a full LRQ, half of the LRQ and that G go to the GRQ, in one move.",
    situation: """
      An LRQ has 256 places. The main G has spawned 257 Gs and does not stop: one stands in `runnext`, and 256 \
      fill the LRQ. (The main G is G1, so the 257th is G258.) Now it spawns one more. The new G goes into `runnext`; the one that was there, the 257th, must \
      go to the LRQ, which is full.
      """,
    scenes: [
      Scene(
        name: "4",
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask, .step(.home, until: .mark(.done)), .prove,
        ] + Move.end)
    ],
    numbers: [.lrq: 256],
    question: { _ in Question("How many Gs move to the global run queue (GRQ) now?", .number(of: "G")) },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let before = try tape.between(.begin, .ready)
      let after = try tape.between(.ready, .done)
      let created = before.all(.goCreate)
      guard let overflow = after.first(.overflow), before.first(.overflow) == nil, overflow.p == tape.home
      else {
        throw Unproven("no overflow came with the G after \(created.count)")
      }
      guard created.count == Capacity.lrq + 1, Int(overflow.record.count) == Capacity.lrq / 2 + 1 else {
        throw Unproven("\(overflow.record.count) Gs moved after \(created.count) spawns")
      }
      let moved = Int(overflow.record.count)
      return Outcome(
        .number(moved),
        "\(moved - 1) Gs, half of the LRQ, and the one that found no place: \(moved)",
        evidence.proof(
          [
            (
              created.last,
              "the \(created.count)th; the one before it goes to the LRQ, which is full now"
            ),
            (after.first(.goCreate), "one more; the \(created.count)th has to leave runnext"),
            (overflow, "\(moved - 1) of the LRQ and that one"),
          ], on: tape))
    },
    why: """
      A queue without a limit would need memory and a lock; this one is a ring that its owner fills without any \
      lock. When it is full, somebody must take Gs off it. To move one at a time would take the global lock at \
      every spawn from then on. To move half at once takes it once for 129 Gs, leaves 128 places for what comes, \
      and gives the idle Ps something to find. The older half moves: those Gs have waited longest, and the GRQ is \
      where everybody looks.
      """,
    go:
      "The same in Go, to the number: its function runqputslow moves 128 goroutines and the one that came out of "
      + "runnext, in one batch, under the lock of the GRQ.",
    notes: [
      "Most will say 128 or 1. 128 is half right: nobody may be dropped, so the G that came too late goes along.",
      "What happens at the next spawn? Nothing special: the LRQ has 128 Gs now.",
      "Why the older half, and not the newer one? Ask what fairness demands, and what the cache would like.",
    ])
}
