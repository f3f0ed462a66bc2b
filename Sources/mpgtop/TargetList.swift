// The list of targets, as a table for people.
import GoAttach
import Inspector
import TUI

/// Targets as lines of text.
struct TargetList {
  var targets: [Target] = []
  /// Go programs, which follow the targets.
  var goPrograms: [GoProcess] = []
  /// The time now, in nanoseconds of the monotonic clock.
  var now = monotonicNow()

  /// A line of headings, `PID NAME STATE UPTIME`, then one line per target. The uptime of a dead process is the time since
  /// its boot.
  func lines(isNumbered: Bool = false) -> [String] {
    let rows = [["PID", "NAME", "STATE", "UPTIME"]] + targets.map(row) + goPrograms.map(row)
    let width = rows.map { TextWidth.columns(of: $0[1]) }.max() ?? 4
    let stateWidth = rows.map { $0[2].count }.max() ?? 5
    return rows.enumerated().map { index, row in
      let number = !isNumbered ? "" : index == 0 ? "    " : Self.left(String(index), 3) + " "
      let name = Self.right(row[1], width)
      return number + Self.left(row[0], 7) + "  " + name + "  " + Self.right(row[2], stateWidth) + "  "
        + row[3]
    }
  }

  private func row(_ target: Target) -> [String] {
    let age = target.bootTime == 0 || now < target.bootTime ? "-" : TimeText.short(now - target.bootTime)
    let name = target.name.isEmpty ? "-" : TextGate.standard.line(target.name)
    return ["\(target.process.pid)", name, Self.word(target.state), age]
  }

  private func row(_ program: GoProcess) -> [String] {
    let age = now < program.bootTime ? "-" : TimeText.short(now - program.bootTime)
    let gate = TextGate.standard
    return [
      "\(program.pid)", gate.line(program.name), "live, " + gate.line(program.version.description), age,
    ]
  }

  private static func word(_ state: Target.State) -> String {
    switch state {
    case .live: "live"
    case .elsewhere: "elsewhere"
    case .ended(.exited(let code)): "exited \(code)"
    case .ended(.crashed(let signal)): "crashed \(signal)"
    case .ended(.killed): "killed"
    case .ended(.told): "ended"
    case .unreadable: "unreadable"
    }
  }

  private static func left(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func right(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - TextWidth.columns(of: text)))
  }
}
