// The scheduler in words, one line for each fact that changed. It is for screen readers and braille displays,
// for which a picture that is redrawn ten times a second says nothing.
public import Inspector
import Region

/// Turns frames into lines: the first frame into all facts, later frames into the facts that changed.
public struct LinearText {
  private var said: [String: String] = [:]
  /// The event of the last move of a G that was put into words.
  private var lastMove: Event?

  public init() {}

  /// The lines for a frame; empty if no fact has changed. A gap since the frame before is the first of them.
  public mutating func lines(_ frame: Frame) -> [String] {
    let facts = Self.facts(frame)
    var lines = facts.filter { said[$0.name] != $0.value }.map { "\($0.name): \($0.value)" }
    for name in said.keys.sorted() where !facts.contains(where: { $0.name == name }) {
      lines.append("\(name): none")
      said[name] = nil
    }
    for fact in facts { said[fact.name] = fact.value }
    return (frame.unwatchedWords.map { [$0] } ?? []) + lines + moves(frame.detail.stage)
  }

  /// Returns the moves on the stage after `lastMove`, as the sentences that the stage shows for them.
  private mutating func moves(_ stage: Stage?) -> [String] {
    guard let moves = stage?.moves.filter(\.isForward), let newest = moves.last else { return [] }
    var new = moves[...]
    var lines: [String] = []
    if let last = lastMove {
      if let place = moves.lastIndex(where: { $0.event == last }) {
        new = moves[(place + 1)...]
      } else {
        lines = ["(more happened than is told)"]
      }
    }
    lastMove = newest.event
    return lines + new.map { TextWidth.sanitised($0.sentence) }
  }

  private static func facts(_ frame: Frame) -> [(name: String, value: String)] {
    let snapshot = frame.snapshot
    let gs = snapshot.gs
    var facts: [(name: String, value: String)] = [
      ("target", "\(TextWidth.sanitised(snapshot.target.name)), process \(snapshot.target.pid)"),
      ("state", frame.ended.map { "ended, \(TextWidth.sanitised($0))" } ?? "\(snapshot.target.state)"),
      ("Gs", about(gs.live)), ("running", "\(gs.running)"), ("ready", about(gs.runnable)),
    ]
    for group in WaitGroupName.allCases where gs.waiting(in: group) != 0 {
      facts.append(("waiting, \(group.rawValue)", about(gs.waiting(in: group))))
    }
    if gs.syscall > 0 { facts.append(("in system calls", about(gs.syscall))) }
    facts.append(("GRQ", snapshot.grq.map(about) ?? "not known"))
    for p in snapshot.ps.prefix(64) { facts.append(("P\(p.id)", words(p))) }
    facts.append(("threads", "\(snapshot.ms.count)"))
    facts.append(("events lost", snapshot.trace.lost.map { about(Int(clamping: $0)) } ?? "not known"))
    if let pace = snapshot.pace { facts.append(("pace", words(pace))) }
    if let news = frame.news { facts.append(("lately", TextWidth.sanitised(news.text))) }
    for finding in frame.instruments?.findings ?? [] {
      facts.append(("warning, \(finding.lint)", TextWidth.sanitised(finding.message)))
    }
    return facts
  }

  private static func words(_ pace: Pace) -> String {
    switch pace.state {
    case .held: "the scheduler is held"
    case .slow: "\(pace.rate.map { counted($0, "decision") } ?? "a few decisions") a second"
    case .free, .none: "the scheduler runs free"
    }
  }

  private static func words(_ p: Snapshot.P) -> String {
    guard let lrq = p.lrq else { return "\(p.status.word), queue not known" }
    return "\(p.status.word), queue "
      + (lrq >= 230 ? "full" : lrq >= 64 ? "long" : lrq > 0 ? "short" : "empty")
  }

  /// Rounds numbers from 100 on down to their first digit, so that small changes make no new line.
  static func about(_ value: Int) -> String {
    guard value >= 100 else { return "\(value)" }
    var step = 1
    while value / step >= 10 { step *= 10 }
    return "about \(value / step * step)"
  }
}

extension Frame {
  /// How long nobody watched since the frame that was printed before, in words; nil: there is no gap.
  package var unwatchedWords: String? { unwatched.map { "gap: \(TimeText.short($0)) nobody watched" } }
}
