// Lesson 12: one slow request. The students find its cause by themselves, and the engine of `mpgtop why` grades
// their answer.
import Inspector
import Region

extension Lesson {
  static let slowRequest = Lesson(
    number: 12,
    title: "One slow request",
    claim: "Where the time of a slow request went can be read from the events, hop by hop.",
    situation: """
      A program with one P serves one request, `GET /report`. It takes far too long. Then you see what its G did, \
      and what started meanwhile. Preemption is off in this program. Five things can be wrong; this time it is one \
      of them.
      """,
    moment: .after,
    scenes: ["12a", "12b", "12c", "12d", "12e"].map {
      Scene(
        name: $0, procs: .exactly(1), isPreemptive: false,
        script: [.free(until: .atTheDoor), .open] + Move.freely)
    },
    choosesOne: true,
    question: { _ in
      Question(
        "Why was the request slow?",
        .choice([
          "its G was ready, and another G kept the P for long (a hog)",
          "its G was ready, and many others stood before it in the queue",
          "its G was in a blocking system call of its own", "its G waited for a lock that another G held",
          "its G waited for bytes from its peer",
        ]))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      _ = try tape.between(.begin, .done)
      guard let (chain, g) = evidence.slowestWait(inSpan: "GET /report") else {
        throw Unproven("the history has no request that waited")
      }
      guard let answer = chain.fault else {
        throw Unproven("the cause is '\(chain.verdict.cause.rawValue)': \(chain.verdict.text)")
      }
      if let chosen = evidence.chosen, chosen != answer {
        throw Unproven("fault \(chosen + 1) was played, and the cause is '\(chain.verdict.cause.rawValue)'")
      }
      let own = tape.records.filter { $0.record.g == g }
      let guilty = chain.hops[chain.guilty]
      let others =
        tape.runner(at: guilty.begin, besides: g)
        + tape.others(than: g, from: guilty.begin, to: guilty.end)
      return Outcome(
        .choice(answer),
        "\(chain.verdict.text); the longest part of its wait took \(TimeText.short(chain.hops[chain.guilty].duration))",
        evidence.proof(own.map { ($0, "") } + others, on: tape))
    },
    why: """
      A request is slow because its G runs for long, or because it does not run. If it does not run, it is parked, \
      in a call, or ready. Parked: the reason says for what, and the event that ended the wait says who ended it. \
      Ready: the queue says behind whom, and what its P did meanwhile. `mpgtop why` splits every wait into such \
      hops, without a gap, and blames what lasted for half of the longest one; it graded your answer.
      """,
    go: """
      In Go, runtime/trace and go tool trace show the same: scheduler latency, blocking profile, and who unblocked \
      whom. mpgtop export --go-trace writes a trace for that tool.
      """,
    notes: [
      "Let the class say which events they would look for, for each of the five, before they look.",
      "Play it again: the fault is chosen anew.",
    ])
}

extension RunEvidence {
  /// The longest wait of the G that began the slowest span of this label, explained; nil: there is none.
  func slowestWait(inSpan label: String) -> (WaitChain, g: UInt64)? {
    guard let player = Player(history),
      let span = player.slowestSpans(10).first(where: { $0.label == label })
    else { return nil }
    let waits = player.waits(of: span.root).filter { $0.begin >= span.begin && $0.begin <= span.end ?? .max }
    let longest = waits.max { $0.duration(until: player.time) < $1.duration(until: player.time) }
    return longest.map { (player.chain(of: $0), span.root) }
  }
}

extension Tape {
  /// Returns the start of the G that ran just before a moment (in nanoseconds) on the scene's only P; empty: none
  /// ran, or `g` did.
  fileprivate func runner(at moment: UInt64, besides g: UInt64) -> [(PlacedRecord?, String)] {
    let last = records.last { ($0.isStart || $0.isStop) && event($0).time < moment }
    guard let last, last.isStart, last.record.g != g else { return [] }
    return [(last, "it ran already when the wait began")]
  }

  /// The first few Gs that started instead of `g` in a stretch of time, given in nanoseconds. The note of the last one says
  /// how many there were in all.
  fileprivate func others(than g: UInt64, from: UInt64, to: UInt64) -> [(PlacedRecord?, String)] {
    let starts = records.filter { record in
      let time = event(record).time
      return record.isStart && record.record.g != g && time >= from && time <= to
    }
    return starts.prefix(3).enumerated().map { place, start in
      (start, place == 2 && starts.count > 3 ? "one of \(starts.count) that started meanwhile" : "")
    }
  }
}

extension WaitChain {
  /// The choice, from 0 on, that names the cause of this wait: one of the lesson's five; nil: none of them.
  fileprivate var fault: Int? {
    let kind = hops[guilty].kind
    return switch verdict.cause {
    case .hog: 0
    case .pWasBusy, .everyPWasBusy: 1
    case .syscall: 2
    case .waited where kind == .waiting && wait.beginning == .parked(.mutex): 3
    case .waited where kind == .waiting && wait.beginning == .parked(.netpollRead): 4
    default: nil
    }
  }
}
