// Lesson 10: netpoll.
import Inspector
import Region

extension Lesson {
  static let netpoll = Lesson(
    number: 10,
    title: "Netpoll: 10,000 idle connections",
    claim: "A G that waits for a connection holds no thread: thousands wait beside a handful of threads.",
    situation: """
      A program has up to 10,000 open connections, as many as the system allows it. For each there is a G that \
      waits for a byte, as one would write it: it reads, and the read does not return. Nothing comes. The main \
      G waits in the same way, for the lesson's word to go on.
      """,
    rate: 8,
    scenes: [
      Scene(
        name: "10",
        script: [
          .free(until: .atTheDoor), .ask, .hold, .open, .step(.anybody, until: .mark(.ready)),
          .step(.anybody, until: .mark(.done)), .prove,
        ] + Move.end)
    ],
    question: { now in
      Question(
        "\(counted(now.netpoll.parked, "G")) wait for a byte. How many threads does the process's scheduler have?",
        .choice([
          "one for each G", "one for every hundred Gs", "a handful: some for the Ps, and a few helpers",
          "exactly one",
        ]))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let events = try tape.between(.begin, .done)
      guard let asked = tape.asked else { throw Unproven("nobody looked at the gauges") }
      let (parked, threads) = (asked.netpoll.parked, asked.ms.count { $0.state != .exited })
      // Expected are an M for each P and the runtime's own threads. While the connections were opened, a slow system
      // call may have cost an M its P, so that another M was made; both stay. On a busy machine that happens to each
      // P about once.
      let few = 2 * asked.procs + 5
      let answer = threads == 1 ? 3 : threads <= few ? 2 : threads >= parked ? 0 : 1
      guard answer == 2, parked >= 20 * threads else {
        throw Unproven("\(threads) threads beside \(parked) Gs that wait")
      }
      let ready = events.all(.goReady) { $0.record.other == 0 && $0.record.isNetpoll }
      guard ready.count == 1, let woken = ready.first,
        let start = events.first(.goStart, where: { $0.record.g == woken.record.g })
      else { throw Unproven("one byte made \(ready.count) Gs ready") }
      let poll = events.first(.netpoll) { $0.record.count > 0 && $0.record.time >= woken.record.time }
      return Outcome(
        .choice(answer),
        "\(counted(parked, "G")) waited beside \(threads) threads (\(asked.threadWords)); one byte made one of them ready",
        evidence.proof(
          [
            (woken, "one of \(counted(parked, "G")) that waited; no G did it, a poll did"),
            (poll, "one question to the kernel"),
            (start, "it runs, and reads its byte"),
          ], on: tape))
    },
    why: """
      The read would block, so the runtime makes the socket non-blocking, leaves the G's name with the socket, and \
      parks the G: only a record and a stack remain, no thread. The kernel (epoll) keeps the list of sockets that \
      have something to read. Somebody asks the kernel for that list: a thread that looks for work, or, when all \
      are idle, one thread that sleeps in the kernel until something comes. Each answer names the Gs that can go \
      on; they are put on a queue like any other. So waiting costs memory and no thread, and code is written as if \
      every connection had one.
      """,
    go: """
      The same in Go: netpoll on epoll, pollDesc, gopark in poll_runtime_pollWait. Otherwise: Go has no thread of \
      its own for it. The last M that goes idle sleeps in epoll_wait. Here a dedicated thread does, and stands by \
      while every P is busy.
      """,
    notes: [
      "Ask how many threads 10,000 blocked reads would need without netpoll, and what 10,000 stacks of 8 MB "
        + "would be.",
      "Why does this not work for files? The kernel says of every file that it is ready. That is what lesson 9 "
        + "is for.",
    ])
}

extension Snapshot {
  /// The threads by what they are for: `2 for Ps, sysmon, gc, netpoll`.
  fileprivate var threadWords: String {
    let helpers: [MState: String] = [.sysmon: "sysmon", .gc: "gc", .netpoll: "netpoll", .standby: "netpoll"]
    let live = ms.filter { $0.state != .exited }
    let named = live.compactMap { helpers[$0.state] }.sorted()
    return (["\(live.count - named.count) for the Ps"] + named).joined(separator: ", ")
  }
}

extension Record {
  /// Whether the wait that this event ends was for a descriptor.
  fileprivate var isNetpoll: Bool {
    detail == WaitReason.netpollRead.rawValue || detail == WaitReason.netpollWrite.rawValue
  }
}
