// The scheduler in words, a line for each thing that changed: for screen readers and braille lines, where a picture that
// is drawn over again ten times a second says nothing.
public import Inspector
import Region

/// Turns frames into lines: the first into all there is to say, later ones into what is different.
public struct LinearText {
  private var said: [String: String] = [:]

  public init() {}

  /// What to say of a frame; nothing when nothing changed that is worth a line.
  public mutating func lines(_ frame: Frame) -> [String] {
    let facts = Self.facts(frame)
    var lines = facts.filter { said[$0.name] != $0.value }.map { "\($0.name): \($0.value)" }
    for name in said.keys.sorted() where !facts.contains(where: { $0.name == name }) {
      lines.append("\(name): none")
      said[name] = nil
    }
    for fact in facts { said[fact.name] = fact.value }
    return lines
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
    facts.append(("GRQ", about(snapshot.grq)))
    for p in snapshot.ps.prefix(64) { facts.append(("P\(p.id)", words(p))) }
    facts.append(("threads", "\(snapshot.ms.count)"))
    facts.append(("events lost", about(Int(clamping: snapshot.trace.lost))))
    for finding in frame.instruments?.findings ?? [] {
      facts.append(("warning, \(finding.lint)", TextWidth.sanitised(finding.message)))
    }
    return facts
  }

  private static func words(_ p: Snapshot.P) -> String {
    "\(p.status.word), queue "
      + (p.lrq >= 230 ? "full" : p.lrq >= 64 ? "long" : p.lrq > 0 ? "short" : "empty")
  }

  /// Numbers from 100 on to their first digit: a line for each that came and went would say nothing.
  static func about(_ value: Int) -> String {
    guard value >= 100 else { return "\(value)" }
    var step = 1
    while value / step >= 10 { step *= 10 }
    return "about \(value / step * step)"
  }
}
