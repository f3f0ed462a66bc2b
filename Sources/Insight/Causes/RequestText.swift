// Turns the walk of a request into lines of text.
import History
import Observed

extension RequestWalk {
  /// The request's number, label and G, and how the request came to the G.
  public var title: String {
    let how =
      switch connection {
      case .accepted: "on a new connection"
      case .kept: "on a connection that was there already"
      case .none: "not from a socket"
      }
    return "\(span.number) \(span.label ?? "(no label)"), by G\(span.root), \(how)"
  }

  /// The steps with their events and rules, as lines of text. Each rule stands there only once.
  public var lines: [String] {
    var lines = [title + (span.missing == 0 ? "" : "; " + missingText(span.missing))]
    var told: Set<String> = []
    for (index, step) in steps.enumerated() {
      let offset = offset(index).map(TimeText.signed) ?? "-"
      let blanks = String(repeating: " ", count: max(1, 11 - offset.count))
      let lasted = step.lasted.map { $0 == 0 ? "" : " \(TimeText.short($0))" } ?? ""
      lines.append("\(index + 1)\(blanks)\(offset)  \(step.title)\(lasted)  \(step.places)")
      lines.append("    \(step.text)")
      for event in step.events { lines.append("    * \(event.lane.name): \(event.text)") }
      if told.insert(step.rule).inserted { lines.append("    Rule: \(step.rule)") }
    }
    return lines
  }
}

extension RequestStep {
  /// The G, P and M of the step: `G4 P1 (M3)`. Empty if none of them is known.
  public var places: String {
    let place = p.map { "P\($0)" + (m.map { " (M\($0))" } ?? "") } ?? m.map { "M\($0)" }
    return [g.map { "G\($0)" }, place].compactMap { $0 }.joined(separator: " ")
  }
}
