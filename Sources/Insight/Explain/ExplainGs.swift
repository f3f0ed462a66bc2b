// Explains a G, and the descriptor that a G waits for.
import History
import Observed

extension Explainer {
  func explainG(_ id: UInt64, _ answer: inout Explanation) {
    let g = evidence.goroutine(id)
    if let g { answer.add(.text, nowText(of: g)) }
    if !addChain(of: id, player, to: &answer) {
      answer.add(.text, "The history has no wait of G\(id) up to this moment.")
    }
    guard let g else { return }
    if player.hasStacks { tellStack(id, &answer) }
    tellNotes(id, &answer)
    answer.add(.rule, g.state == .waiting ? evidence.rules.wait(g.reason) : evidence.rules.p(.running))
    if g.state == .waiting { answer.lines.append(likeIt(g)) }
  }

  /// A sentence that says what a G does now: `Now G42 waits for chanReceive, since 12.3 s; G1 spawned it.`
  func nowText(of g: Goroutine) -> String {
    let time = evidence.clock.nanoseconds(at: evidence.ticks)
    let age = g.since.map { TimeText.short(time - min(time, $0)) }
    let since = age.map { g.isOlder ? ", for at least \($0)" : ", since \($0)" } ?? ""
    let spawner = g.parent.map { "; G\($0) spawned it" } ?? ""
    let what: String =
      switch g.state {
      case .running: "runs" + (g.p.map { " on P\($0)" } ?? "")
      case .runnable: "is ready, and waits for a P"
      case .syscall: "is in a system call"
      case .waiting: "waits for \(g.reason.told)" + (g.fd.map { ", fd \($0)" } ?? "")
      case .preempted: "was preempted, and waits for its next turn"
      case .idle, .dead: "is gone"
      }
    let work = evidence.label(g.id).map { "; it works for \($0)" } ?? ""
    return "Now G\(g.id) \(what)\(since)\(spawner)\(work)."
  }

  /// A line that says how many Gs wait for the same reason as `g` and were spawned at the same place.
  private func likeIt(_ g: Goroutine) -> Explanation.Line {
    let count = evidence.goroutines.count {
      $0.state == .waiting && $0.reason == g.reason && $0.entry == g.entry
    }
    let place = g.entry.map { " spawned by \($0)" } ?? ""
    return count < 2
      ? Explanation.Line(.hint, "No other G\(place) waits for \(g.reason.told).")
      : Explanation.Line(
        .hint, "\(counted(count, "G"))\(place) wait for \(g.reason). " + Rules.manyThatWait(for: g.reason),
        seeAlso: [.gsByReason])
  }

  // MARK: descriptors

  func explainDescriptor(_ fd: Int, _ g: UInt64, _ answer: inout Explanation) {
    var (parks, waits) = ([PlacedRecord](), [UInt64: UInt64]())
    var last: (ready: PlacedRecord, waited: UInt64)?
    for event in evidence.events {
      let record = event.record
      if record.kind == .goPark, record.arg == UInt64(clamping: fd) &+ 1 {
        parks.append(event)
        waits[record.g] = record.time
      } else if record.kind == .goReady, let since = waits.removeValue(forKey: record.g) {
        last = (event, record.time > since ? record.time - since : 0)
      }
    }
    answer.add(.head, "fd \(fd) is a socket that \(evidence.name(g)) waits for.")
    if parks.isEmpty {
      answer.add(.text, "Nobody began to wait for it in the \(evidence.reachText) before this moment.")
    } else {
      answer.add(
        .text, "In the last \(evidence.reachText) Gs began to wait for it \(Quantity.times(parks.count)).")
    }
    if let last {
      let waited = TimeText.short(evidence.clock.nanoseconds(lasting: last.waited))
      answer.add(
        .text,
        "It became ready last \(ago(last.ready.record.time)), on \(last.ready.lane.name) (M\(last.ready.record.m)): "
          + "G\(last.ready.record.g) had waited for \(waited).")
    }
    if !addChain(of: g, player, to: &answer) {
      answer.add(.text, "The history has no wait of G\(g) up to this moment.")
    }
    answer.add(.rule, Rules.descriptor)
  }
}
