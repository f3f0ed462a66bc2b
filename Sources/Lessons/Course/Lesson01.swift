// Lesson 1: what G, M and P are, and that a P is needed to run.
import Inspector
import Region

extension Lesson {
  static let gmp = Lesson(
    number: 1,
    title: "G, M and P",
    claim: "Never do more Gs run at one moment than there are Ps, however many threads there are.",
    situation: """
      A program starts three Gs for each P. Each of them gives way again and again, and wants to run at once \
      again. A G is a piece of work with a stack. An M is a thread of the system. A P is the right to run Gs: a \
      thread must hold one.
      """,
    rate: 4,
    scenes: [
      Scene(
        name: "1",
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask,
          .step(
            .idle,
            until: Condition("a G to run on every P") { $0.mostAtOnce.count >= $0.snapshot.procs }),
          .prove, .open,
        ] + Move.end)
    ],
    question: { now in
      let threads = now.ms.count { $0.state != .exited }
      return Question(
        """
        The scheduler has \(counted(now.gs.live, "G")), \(counted(threads, "thread")) (M) and \
        \(counted(now.procs, "P")). How many Gs run at the same moment, at the most?
        """, .number(of: "G"))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      _ = try tape.between(.begin, nil)
      let most = tape.mostAtOnce
      guard most.count == tape.snapshot.procs else {
        throw Unproven("at most \(most.count) Gs ran at once on \(tape.snapshot.procs) Ps")
      }
      return Outcome(
        .number(most.count), "at the busiest moment \(counted(most.count, "G")) ran, one on each P",
        evidence.proof(most.map { ($0, "runs on \($0.lane.name), by M\($0.record.m)") }, on: tape))
    },
    why: """
      The P is what is scarce, and on purpose. A thread costs memory and time of the system, and may at any moment \
      be stuck in a call. So threads come and go; but only a thread that holds a P may run Gs, and there are only \
      so many Ps, usually one for each CPU. Each P also has the queue of Gs to run next and the caches that go \
      with it, so a running G seldom has to share anything with other threads.
      """,
    go: """
      The same in Go, by the same names (runtime.g, runtime.m, runtime.p). GOMAXPROCS is the number of Ps. Here \
      MPG_PROCS sets it, and setProcs changes it without stopping the world.
      """,
    notes: [
      "Ask the class first what GOMAXPROCS limits: most will say threads. Then look at the number of threads on "
        + "the screen.",
      "Why are there more threads than Ps even now? Sysmon, the gc thread and the netpoll thread run without a P.",
    ])
}

extension Tape {
  /// The starts of the Gs that ran at the moment at which most Gs ran at once.
  var mostAtOnce: [PlacedRecord] {
    var (running, most): ([UInt64: PlacedRecord], [UInt64: PlacedRecord]) = ([:], [:])
    for event in records {
      if event.isStop { running[event.record.g] = nil }
      guard event.isStart, event.p != nil else { continue }
      running[event.record.g] = event
      if running.count > most.count { most = running }
    }
    return most.values.sorted { $0.record.time < $1.record.time }
  }
}
