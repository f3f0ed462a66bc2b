// Lesson 7: spinning threads, and why no wake-up is lost.
import Inspector
import Region

extension Lesson {
  static let spinning = Lesson(
    number: 7,
    title: "Spinning threads",
    claim:
      "Who makes work wakes a thread only while nobody searches already; a searcher that finds work passes the "
      + "search on.",
    situation: """
      One P runs the main G. The other Ps are idle, and their threads sleep. Main is about to spawn six Gs in a \
      row, without a pause. Each of them could run on an idle P at once.
      """,
    rate: 8,
    scenes: [
      Scene(
        name: "7", procs: .atLeast(2),
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask, .step(.home, until: .mark(.next)),
          .step(.anybody, until: .mark(.done)), .prove,
        ] + Move.end)
    ],
    question: { now in
      let idle = now.ps.count { $0.status == .idle }
      return Question(
        "\(counted(idle, "P")) \(idle == 1 ? "is" : "are") idle. How many threads does main wake while it spawns the six?",
        .number(of: "thread"))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let burst = try tape.between(.ready, .next)
      let all = try tape.between(.ready, .done)
      let created = burst.all(.goCreate) { $0.p == tape.home }
      let woken = burst.all(.mWake) { $0.p == tape.home && $0.record.arg == 1 }
      let ended = all.all(.goExit) { end in created.contains { $0.record.g == end.record.g } }
      guard created.count == 6, woken.count == 1, ended.count == 6 else {
        throw Unproven(
          "\(created.count) spawns woke \(woken.count) threads, and \(ended.count) of these Gs ran")
      }
      let searcher = woken[0].record.count
      let search = all.first(.mSpin) { UInt32($0.record.m) == searcher }
      let found = all.first(.mUnspin) { UInt32($0.record.m) == searcher && $0.record.arg == 1 }
      let passed = all.first(.mWake) { UInt32($0.record.m) == searcher && $0.record.arg == 1 }
      return Outcome(
        .number(woken.count),
        "six spawns woke \(counted(woken.count, "thread")); all six Gs ran",
        evidence.proof(
          [
            (created.first, "the first of six"), (woken.first, "nobody searched: one thread is woken"),
            (created.last, "the sixth: a searcher is on its way, so nobody is woken"),
            (search, "the woken thread searches"), (found, "it has found work, and searches no longer"),
            (passed, "it was the last that searched, so it wakes the next"),
            (ended.last, "the last of the six"),
          ], on: tape))
    },
    why: """
      To wake a thread costs microseconds, more than many a G runs. So whoever makes work first looks whether a \
      thread searches already: that one will find it. A searcher that finds work stops searching, and if it was \
      the last, it wakes another, because there may be more. The danger is the moment at which the last searcher \
      gives up: a G that comes just then might be seen by nobody. So it first says that it searches no longer, and \
      only then looks at all queues once more; and whoever makes work first puts it on the queue, and only then \
      looks whether anybody searches. Whatever the order, one of the two sees the other.
      """,
    go: """
      The same in Go, under the same name: sched.nmspinning, wakep, and the second look in findRunnable after the \
      M has dropped its spinning state. The long comment at the top of Go's proc.go on "Worker thread \
      parking/unparking" is about this.
      """,
    notes: [
      "Let two students play it: one puts a sheet on the table and then looks up, the other closes the eyes and "
        + "then looks at the table.",
      "What if both looked first and acted then? That is the lost wake-up.",
    ])
}
