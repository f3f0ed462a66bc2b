// Lesson 11: a hog and preemption, and what happens without it.
import Inspector
import Region

extension Lesson {
  static let hog = Lesson(
    number: 11,
    title: "A hog, and preemption",
    claim:
      "A G that only computes is stopped by a signal when others wait; without preemption they wait until it is "
      + "done.",
    situation: """
      On every P a G computes. These Gs never call the runtime: no channel, no lock, no call. Then one more G \
      becomes ready. It wants to run for a microsecond. The program runs twice: once as usual, and once with \
      preemption switched off.
      """,
    scenes: [
      Scene(name: "11", script: [.free(until: .atTheDoor), .ask, .open] + Move.freely),
      Scene(name: "11", isPreemptive: false, script: [.free(until: .atTheDoor), .open] + Move.freely),
    ],
    numbers: [.slice: 10_000_000, .grain: 1_000_000],
    question: { _ in
      Question(
        "When does the G that is ready run?",
        .choice([
          "both times when the first hog is done",
          "with preemption while all hogs still compute; without it when the first hog is done",
          "both times at once: the system's own scheduler shares the CPUs",
          "with preemption when a hog next calls the runtime; without it never",
        ]))
    },
    judge: { (evidence) throws(Unproven) in
      guard evidence.tapes.count == 2 else { throw Unproven("only one of the two runs was played") }
      let (with, without) = (try HogRun(evidence.tapes[0]), try HogRun(evidence.tapes[1]))
      guard with.isBeforeEnds, let stop = with.stop else {
        throw Unproven("with preemption the G ran after a hog was done, or no hog was stopped")
      }
      guard !without.isBeforeEnds, without.stop == nil else {
        throw Unproven("without preemption the G ran while all hogs computed")
      }
      let waits = [with, without].map { TimeText.short($0.waited) }
      return Outcome(
        .choice(1), "with preemption it waited \(waits[0]), and without it \(waits[1])",
        evidence.proof(
          [
            (with.request, "sysmon has seen that a G waits behind a hog"),
            (stop, "a hog is stopped in the middle of its code"),
            (with.start, "it waited \(waits[0]), and all hogs still compute"),
          ], on: evidence.tapes[0])
          + evidence.proof(
            [
              (without.firstEnd, "the first hog is done"), (without.start, "only now: it waited \(waits[1])"),
            ],
            on: evidence.tapes[1]))
    },
    why: """
      A scheduler that only acts when it is called cannot take a P from a G that never calls. So sysmon, a thread \
      without a P, looks at all Ps. If one G has used up its time while another waits, sysmon sends its thread a \
      signal, and the thread's signal handler gives the P up. The time is that of the CPU: 1 ms while a G waits \
      that is new or was just made ready, 10 ms while only other hogs wait. Without preemption the system's own \
      scheduler still shares CPUs among threads. But the G that waits has no thread: it needs a P, and the hogs \
      hold them all.
      """,
    go: """
      The same idea in Go since 1.14: sysmon's retake, preemptone, SIGURG; a goroutine has 10 ms. Otherwise: Go's \
      compiler knows where a goroutine can be taken off its thread. Swift has no such points, so here the stopped \
      G stands still in the signal handler and keeps its thread, while its P goes on with another.
      """,
    notes: [
      "Before Go 1.14 an empty loop could hang a whole program. The second run is that.",
      "Why does it wait longer than a millisecond? Ask who else wants this machine's CPUs; the hogs have them all.",
    ])
}

/// What happened in one run.
private struct HogRun {
  let start: PlacedRecord
  let firstEnd: PlacedRecord?
  let stop: PlacedRecord?
  let request: PlacedRecord?
  /// How long the G was ready before it ran, in nanoseconds.
  let waited: UInt64
  /// Whether the G ran while all hogs still computed.
  let isBeforeEnds: Bool

  init(_ tape: Tape) throws(Unproven) {
    let events = try tape.between(.ready, .done)
    guard let created = events.first(.goCreate, where: { $0.record.other == tape.main }),
      let start = events.first(.goStart, where: { $0.record.g == created.record.g })
    else { throw Unproven("the G that waits was not spawned, or did not run") }
    self.start = start
    let hogs = try Set(tape.between(.begin, .ready).all(.goCreate).map(\.record.g))
    // The main G is a hog, too. It does not end, but comes to the mark `next`.
    let ends = [tape.mark(.next)].compactMap(\.self) + events.all(.goExit) { hogs.contains($0.record.g) }
    firstEnd = ends.min { $0.record.time < $1.record.time }
    stop = events.first(.goPreempt) { $0.record.time < start.record.time }
    request = events.last { $0.record.kind == .preemptRequest && $0.record.time < start.record.time }
    isBeforeEnds = ends.allSatisfy { $0.record.time > start.record.time }
    waited = tape.event(start).time - min(tape.event(created).time, tape.event(start).time)
  }
}
