// Lesson 9: a blocking system call.
import Inspector
import Region

extension Lesson {
  static let blockingCall = Lesson(
    number: 9,
    title: "A blocking call",
    claim:
      "The thread of a G in a system call keeps the G, and loses its P to others, by sysmon, when the call lasts.",
    situation: """
      A G enters a system call that blocks: it reads from a pipe into which nobody has written yet. Its thread \
      sleeps in the kernel. Two Gs for each P want to run meanwhile, and they give way to each other all the time.
      """,
    rate: 8,
    scenes: [
      Scene(
        name: "9",
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask,
          .step(
            .anybody, until: Condition("the P of the call to run other Gs") { $0.handedOver != nil }),
          .open,
          .step(.anybody, until: Condition("the call to return") { $0.hasReturned }), .prove,
        ] + Move.end)
    ],
    question: { _ in
      Question(
        "Who takes the P away from the thread that sleeps in the call?",
        .choice([
          "nobody: the P sleeps with its thread until the call returns",
          "the G itself: it gives the P away before every call",
          "sysmon: it sees that the call lasts while others wait",
          "the first thread that runs out of work: it steals the P",
        ]))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let events = try tape.between(.begin, nil)
      guard let over = tape.handedOver else { throw Unproven("nobody took the P of the call") }
      let writer = Int(over.retake.record.m)
      guard tape.snapshot.ms.contains(where: { $0.id == writer && $0.state == .sysmon }) else {
        throw Unproven("M\(writer) took the P, and that is not sysmon")
      }
      let g = over.call.record.g
      guard let back = events.first(.goSyscallExit, where: { $0.record.g == g }),
        back.record.time > over.start.record.time
      else { throw Unproven("the call did not outlast the change of hands") }
      let how = ["no P was free: it queues", "it has its old P back", "it took another P, which was idle"]
      let resumed =
        back.record.detail == 0
        ? events.first(.goStart) { $0.record.g == g && $0.record.time > back.record.time } : nil
      return Outcome(
        .choice(2),
        "sysmon (M\(writer)) took P\(over.retake.record.count) from M\(over.retake.record.arg), and it ran others",
        evidence.proof(
          [
            (over.call, "its thread takes it along into the kernel"),
            (over.retake, "by M\(writer), which is sysmon"),
            (over.take, "another thread goes on with that P"), (over.start, "and runs another G on it"),
            (back, how[min(2, Int(back.record.detail))]), (resumed, "its turn came"),
          ], on: tape))
    },
    why: """
      Most calls return within microseconds. To give the P away before each of them would cost two changes of \
      hands that are mostly in vain. So the thread only marks its P as on offer. If it comes back soon, it takes \
      the P back with one instruction. If the call lasts and somebody waits, sysmon, which looks every now and \
      then, takes the P and has another thread go on with it. The thread in the kernel keeps its G. When the call \
      returns, the thread must find a P first: its old one, or an idle one. If there is none, the G goes onto the \
      GRQ, and the thread goes to sleep.
      """,
    go: """
      The same in Go: entersyscall, sysmon's retake (after 20 µs to 10 ms), handoffp, exitsyscall. Go's compiler \
      marks every system call. Swift cannot, so here the call stands in `blocking { … }`; for a call without it, \
      sysmon finds out in /proc within a millisecond or two that the thread sleeps.
      """,
    notes: [
      "Ask how many threads a program has that makes 100 such calls at once. More than 100: this is why Go "
        + "programs that read files have many.",
      "Why does reading a socket not need this? That is the next lesson.",
    ])
}

extension Tape {
  /// Whether the G whose P was taken has come back from its call.
  fileprivate var hasReturned: Bool {
    guard let over = handedOver else { return false }
    return records.contains { $0.record.kind == .goSyscallExit && $0.record.g == over.call.record.g }
  }

  /// A call whose P was taken, and what happened on the P then.
  struct HandOver {
    var call, retake, take, start: PlacedRecord
  }

  /// The first call whose P was taken and ran another G under another thread; nil: there is none yet.
  var handedOver: HandOver? {
    guard let begin = mark(.begin) else { return nil }
    for retake in records.all(.retake) where retake.record.time > begin.record.time {
      let (p, m) = (Int(retake.record.count), retake.record.arg)
      let call = records.last {
        $0.record.kind == .goSyscall && $0.p == p && $0.record.time < retake.record.time
      }
      let take = records.first(.procStart) {
        Int($0.record.count) == p && UInt64($0.record.m) != m && $0.record.time > retake.record.time
      }
      guard let call, let take,
        let start = records.first(.goStart, where: { $0.p == p && $0.record.time > take.record.time })
      else { continue }
      return HandOver(call: call, retake: retake, take: take, start: start)
    }
    return nil
  }
}
