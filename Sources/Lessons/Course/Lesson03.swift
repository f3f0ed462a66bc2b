// Lesson 3: spawn, runnext and the LRQ.
import Inspector
import Region

extension Lesson {
  static let spawn = Lesson(
    number: 3,
    title: "Spawn: who runs next",
    claim:
      "The G that was spawned last runs first; the others follow in the order in which they were spawned.",
    situation: """
      The main G spawned three Gs, one after the other. All three stand on the queues of the P on which main runs. \
      Now main waits for them, so its P becomes free. Only this P decides now; the others are held.
      """,
    scenes: [
      Scene(
        name: "3",
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask, .step(.home, until: .mark(.done)), .prove,
        ] + Move.end)
    ],
    question: { _ in
      Question(
        "Which of the three runs first?",
        .choice([
          "the one that was spawned first", "the one that was spawned second",
          "the one that was spawned last",
          "none of them: a spawned G waits until another P steals it",
        ]))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let created = try tape.between(.begin, .ready).all(.goCreate)
      let starts = try tape.between(.ready, .done).all(.goStart) { start in
        created.contains { $0.record.g == start.record.g }
      }
      let names = created.map(\.record.g)
      guard created.count == 3, starts.count == 3, let first = names.firstIndex(of: starts[0].record.g),
        starts.allSatisfy({ $0.p == tape.home })
      else { throw Unproven("\(created.count) Gs were spawned and \(starts.count) started") }
      guard starts.map(\.record.g) == [names[2], names[0], names[1]] else {
        throw Unproven(
          "they ran in the order \(starts.map(\.record.g)) and were spawned in the order \(names)")
      }
      return Outcome(
        .choice(first), "spawned: \(Self.list(names)); ran: \(Self.list(starts.map(\.record.g)))",
        evidence.proof(
          created.map { ($0, $0.record.place.placeWords) }
            + starts.map { ($0, $0.record.runSource.sourceWords) },
          on: tape))
    },
    why: """
      A new G goes into `runnext`, a place for one G that its P runs before all others. The G that stood there \
      moves to the end of the local run queue (LRQ). So after three spawns the third is next, and the first two \
      stand in the queue, in order. What was just spawned or readied works on data that is still in the CPU's \
      cache, and somebody mostly waits for it.
      """,
    go: """
      The same in Go: newproc calls runqput with next = true. That is why a Go program that starts goroutines in a \
      loop often sees the last one run first on one P, which surprises people. With more Ps, thieves take some of \
      them earlier.
      """,
    notes: [
      "Ask what would happen with four Gs. The answer is 4, 1, 2, 3.",
      "Why not a stack, last in first out, for all? The oldest would starve.",
    ])

  static func list(_ gs: [UInt64]) -> String { gs.map { "G\($0)" }.joined(separator: ", ") }
}

extension Place {
  /// Where a G was put, in words.
  var placeWords: String {
    switch queue {
    case .runnext: "into runnext"
    case .displacing: "into runnext; the one that was there moves to the LRQ"
    case .lrq: "to the end of the LRQ"
    case .grq: "onto the GRQ"
    case .untold, nil: ""
    }
  }
}

extension RunSource? {
  /// Where a G was taken from, in words.
  var sourceWords: String {
    switch self {
    case .runnext: "taken from runnext"
    case .lrq: "taken from the LRQ"
    case .grq: "taken from the GRQ"
    case .steal: "stolen from another P's LRQ"
    case .stealNext: "stolen from another P's runnext"
    case .netpoll: "found by a poll"
    case .untold, nil: ""
    }
  }
}
