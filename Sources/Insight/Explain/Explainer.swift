// Who answers: one function for each kind of thing that can be asked about, all of them pure. They get events and
// gauges of one moment, and give text; the numbers in it are the events' and the gauges' own.
//
// An answer has four parts. First what the thing is and does at the moment, by the gauges. Then what just happened to it,
// by the events before. Then the rule of the scheduler behind that, in two sentences; and, where it helps, a hint which
// screen tells more. What has not happened is said to have not happened; where records are missing, that is said too.
import History
import Observed

/// Answers questions about one moment.
struct Explainer {
  package let evidence: Evidence
  package let instruments: Instruments?
  /// For questions that need more of the history than the evidence has.
  package let player: Player

  init(_ player: Player, _ instruments: Instruments?) {
    (self.player, self.instruments, evidence) = (player, instruments, Evidence(player))
  }

  package var snapshot: Snapshot { evidence.snapshot }

  package func explain(_ subject: Subject) -> Explanation {
    var answer = Explanation(subject)
    switch subject {
    case .scheduler: explainScheduler(&answer)
    case .g(let id): explainG(id, &answer)
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

  /// `-12.3 ms  stole 32 Gs…`: the last acts, oldest first.
  package func add(_ acts: [Act], most: Int, to answer: inout Explanation) {
    if acts.count > most { answer.add(.text, "… and \(acts.count - most) things before these") }
    for act in acts.suffix(most) {
      answer.add(.text, "\(when(act.begin))  \(act.text)")
    }
  }

  /// `  -12.3 ms`: how long before the moment, in a column.
  package func when(_ time: UInt64) -> String {
    let ago = evidence.ago(time)
    let text = ago == 0 ? "now" : "-" + TimeText.short(ago)
    return String(repeating: " ", count: max(0, 10 - text.count)) + text
  }

  /// `3.2 ms ago`.
  package func ago(_ time: UInt64) -> String {
    let ago = evidence.ago(time)
    return ago == 0 ? "at this moment" : "\(TimeText.short(ago)) ago"
  }

  /// The lines of a G's last wait up to the moment of `player`.
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
  /// What something is at this moment, what just happened to it, and the rule behind that; never empty.
  ///
  /// - Parameter instruments: those of this moment, where they are at hand.
  public func explanation(of subject: Subject, instruments: Instruments? = nil) -> Explanation {
    var player = self
    if player.unpacked == nil { player.unpacked = UnpackedWindows() }
    return Explainer(player, instruments).explain(subject)
  }
}
