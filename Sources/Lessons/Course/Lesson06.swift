// Lesson 6: stealing half.
import Inspector
import Region

extension Lesson {
  static let steal = Lesson(
    number: 6,
    title: "Stealing: how much, and where first",
    claim:
      "A P without work takes half of another P's queue at once, when the GRQ and the network gave nothing.",
    situation: """
      One P runs the main G, which has spawned 17 Gs: one is in `runnext`, 16 are in the LRQ. Main does not stop. \
      At the first spawn a thread was woken for an idle P. It finds its own queue empty, then the GRQ, \
      then the network. Then it looks at the other Ps, from a random one on.
      """,
    rate: 8,
    scenes: [
      Scene(
        name: "6", procs: .atLeast(2),
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask,
          .step(.anybody, until: Condition("a steal") { $0.records.first(.steal) != nil }), .prove,
        ] + Move.end)
    ],
    question: { now in
      let deepest = now.ps.compactMap(\.lrq).max() ?? 0
      return Question(
        "The thief finds \(counted(deepest, "G")) in the LRQ. How many does it take?", .number(of: "G"))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let before = try tape.between(.begin, .ready)
      let after = try tape.between(.ready, nil)
      guard let steal = after.first(.steal), let last = before.all(.goCreate).last, let thief = steal.p,
        steal.record.arg == UInt64(tape.home ?? -1), steal.record.detail == 0
      else { throw Unproven("nobody stole from the P of the main G") }
      let (depth, taken) = (last.record.place.depth + 1, Int(steal.record.count))
      guard last.record.place.queue == .displacing, taken == (depth + 1) / 2 else {
        throw Unproven("the thief took \(taken) of \(depth)")
      }
      let search = tape.records.last {
        $0.record.kind == .mSpin && $0.record.time < steal.record.time && $0.p == thief
      }
      let first = tape.records.first(.goStart) { $0.p == thief && $0.record.time >= steal.record.time }
      return Outcome(
        .number(taken), "P\(thief) took \(taken) of \(depth), and ran the first of them at once",
        evidence.proof(
          [
            (last, "the last spawn: \(depth) in the LRQ"),
            (tape.records.first(.mWake) { $0.p == tape.home }, "a thread for an idle P"),
            (search, "it holds P\(thief), and finds nothing of its own"), (steal, "half of \(depth)"),
            (first, first?.record.runSource.sourceWords ?? ""),
          ], on: tape))
    },
    why: """
      A thief that took one G would be back at once, and every visit disturbs the owner: both change the same \
      place in memory, the head of the queue. Half is as much as it can take so that both have equally much to do, and by halves the work of \
      one P reaches all others in a few steps. The order of the search goes from cheap to dear: the own queue needs no lock; the GRQ needs one, but those Gs have waited long; a look at \
      the network costs a system call; stealing takes what another P has in its cache, and `runnext` of another P \
      comes last of all, after a pause, since that P would run it in a moment.
      """,
    go: """
      The same in Go: findRunnable looks at the local queue, the GRQ, netpoll, and then stealWork goes \
      four times round the Ps from a random start; runqgrab takes half, rounded up. `runnext` is taken only in the \
      last round, after a pause.
      """,
    notes: [
      "Ask why the start is random. Otherwise all thieves would rob P0 first.",
      "Let the class say the order of the search by heart: own runnext, own LRQ, GRQ, network, others.",
    ])
}
