// Answers questions, with one pure function for each kind of thing that can be asked about. The functions
// take the events and gauges of one moment and make text. The numbers in the text are those of the events and
// gauges.
//
// An answer has four parts. First, what the thing is and does at the moment, by the gauges. Second, what just
// happened to it, by the events before. Third, the rule of the scheduler behind that, in two sentences.
// Fourth, where it helps, a hint where to look further. If something did not happen, the answer says so; if
// records are missing, it says that too.
import History
import Observed

/// Answers questions about one moment.
struct Explainer {
  let evidence: Evidence
  let instruments: Instruments?
  /// The player, for answers that need more of the history than the evidence has.
  let player: Player

  init(_ player: Player, _ instruments: Instruments?) {
    (self.player, self.instruments, evidence) = (player, instruments, Evidence(player))
  }

  var snapshot: Snapshot { evidence.snapshot }

  /// Returns the answer to the question about a subject.
  func explain(_ subject: Subject) -> Explanation {
    if let absence = snapshot.trace.absence { return withoutEvents(subject, absence) }
    var answer = Explanation(subject)
    switch subject {
    case .scheduler: explainScheduler(&answer)
    case .g(let id): explainG(id, &answer)
    case .stack(let id): explainStack(id, &answer)
    case .p(let id): explainP(id, &answer)
    case .m(let id): explainM(id, &answer)
    case .thief(let id): explainThief(id, &answer)
    case .descriptor(let fd, let g): explainDescriptor(fd, g, &answer)
    case .slice(let lane, let from, let to): explainSlice(lane, from, to, &answer)
    case .latency(let kind): explainLatency(kind, &answer)
    case .event(let lane, let position, let time): explainEvent(lane, position, time, &answer)
    case .ring(let lane): explainRing(lane, &answer)
    }
    if let caveat = evidence.caveat { answer.add(.why, caveat) }
    return answer
  }

  /// The answer where there are no events: what the gauges say, and why there is nothing more. It does not count
  /// events: it would find none, and that would read as if nothing had happened.
  private func withoutEvents(_ subject: Subject, _ absence: String) -> Explanation {
    var frame = Frame(snapshot: snapshot)
    frame.instruments = instruments
    frame.detail.goroutines = player.goroutines
    var answer = Explanation.glance(at: subject, in: frame)
    switch subject {
    case .p(let id):
      guard let p = snapshot.ps.first(where: { $0.id == id }) else { break }
      answer.add(.text, snapshot.queueText(of: p))
      answer.add(.rule, evidence.rules.p(p.status))
    case .m(let id):
      if let m = snapshot.ms.first(where: { $0.id == id }) { answer.add(.rule, evidence.rules.m(m.state)) }
    case .thief: answer.add(.rule, Rules.steal)
    case .stack: answer.add(.head, LiveExplainer.noStacks)
    default: break
    }
    answer.add(.why, absence)
    return answer
  }

  /// Adds the last acts to an answer, oldest first: `-12.3 ms  stole 32 Gs…`.
  func add(_ acts: [Act], most: Int, to answer: inout Explanation) {
    if acts.count > most { answer.add(.text, "… and \(acts.count - most) things before these") }
    for act in acts.suffix(most) {
      answer.add(.text, "\(when(act.begin))  \(act.text)")
    }
  }

  /// A text that says how long before the moment something was, right-aligned in a column: `  -12.3 ms`.
  /// Takes ticks.
  func when(_ time: UInt64) -> String {
    let text = TimeText.before(evidence.ago(time))
    return String(repeating: " ", count: max(0, 10 - text.count)) + text
  }

  /// A text that says how long before the moment something was: `3.2 ms ago`. Takes ticks.
  func ago(_ time: UInt64) -> String {
    let ago = evidence.ago(time)
    return ago == 0 ? "at this moment" : "\(TimeText.short(ago)) ago"
  }

  /// Adds the last wait of a G up to the moment of `player`: where the G was, hop by hop, and what is to blame.
  /// Returns false if there is no such wait.
  func addChain(of g: UInt64, _ player: Player, to answer: inout Explanation) -> Bool {
    guard let wait = player.lastWait(of: g) else { return false }
    for (index, line) in player.chain(of: wait).lines.enumerated() {
      let role: Explanation.Role =
        index == 0 ? .head : line.hasPrefix("*") ? .mark : line.hasPrefix("  why") ? .why : .text
      answer.add(role, line)
    }
    return true
  }
}

extension Player {
  /// Explains something: what it is at this moment, what just happened to it, and the rule behind that. The
  /// answer is never empty.
  ///
  /// - Parameters:
  ///   - subject: what is to be explained.
  ///   - instruments: the instruments of this moment (Instruments.swift), if they are at hand. Without them
  ///     the answer says less.
  public func explanation(of subject: Subject, instruments: Instruments? = nil) -> Explanation {
    var player = self
    if player.unpacked == nil { player.unpacked = UnpackedWindows() }
    return Explainer(player, instruments).explain(subject)
  }
}
