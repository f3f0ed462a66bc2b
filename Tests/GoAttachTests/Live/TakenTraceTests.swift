// `:trace 1s` on a program that is looked at by its memory, on a real terminal.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite(
  "A trace taken from the screens of a Go program", .serialized,
  .enabled(if: GoBuild.isThere && GoBuild.hasViewer && Tmux.isThere))
struct TakenTraceTests {
  /// Traces before Go 1.22 have another form.
  private static let some = GoBuild.all.filter { $0.way == "default" && !$0.version.hasPrefix("1.21.") }

  @Test("it is asked for, taken, shown with the queues of memory, left, and shown again", arguments: some)
  func taken(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -sleep 3 -hog 1")
    let terminal = try Tmux([Built.mpgtop, "\(crowd.pid)"])
    try terminal.wait { $0.contains("LIVE") }
    // The crowd may listen at a second port, at which nobody answers.
    try terminal.type(":trace 1s \(crowd.port)")
    try terminal.wait { $0.contains("take a trace of 1.00 s from http://127.0.0.1:\(crowd.port)? y/n") }
    try terminal.type("n", enters: false)
    try terminal.wait { $0.contains("nothing was sent") }
    // The crowd may listen at a second port, at which nobody answers.
    try terminal.type(":trace 1s \(crowd.port)")
    try terminal.wait { $0.contains("y/n") }
    try terminal.type("y", enters: false)
    try terminal.wait { $0.contains("tracing from 127.0.0.1:\(crowd.port)") }
    // Go tells the clock, by which both can be put together, since 1.25.
    let minor = Int(build.version.split(separator: ".")[1]) ?? 0
    let mark = minor >= 25 ? "trace, sampled" : "trace alone"
    let shown = try terminal.wait { $0.contains(mark) && $0.contains("PAST") }
    if minor < 25 { #expect(shown.contains("Go before 1.25 does not tell"), "\(shown)") }
    try terminal.type("8", enters: false)
    try terminal.wait { $0.contains(mark) }
    try terminal.type("n", enters: false)
    try terminal.wait { $0.contains("LIVE") && !$0.contains(mark) }
    try terminal.type(":trace")
    try terminal.wait { $0.contains(mark) }
  }

  @Test("a port that gives no trace, and a wrong one, are one line each", arguments: some.suffix(1))
  func refused(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 5")
    let terminal = try Tmux([Built.mpgtop, "\(crowd.pid)"])
    try terminal.wait { $0.contains("LIVE") }
    try terminal.type(":trace 1s 1")
    try terminal.wait {
      $0.contains("does not listen on port 1, but at 127.0.0.1:") && $0.contains("127.0.0.1:\(crowd.port)")
    }
    let other = try Program(
      Command("curl", "-sS", "-o", "/dev/null", "http://127.0.0.1:\(crowd.port)/debug/pprof/trace?seconds=60")
    )
    defer { other.signal(SIGKILL) }
    // The other one may not have begun; then a trace comes, and the next attempt is refused.
    try eventually("somebody else traces") {
      try terminal.type(":trace 100ms \(crowd.port)")
      try terminal.wait { $0.contains("y/n") }
      try terminal.type("y", enters: false)
      let words = try terminal.wait { $0.contains("traced by somebody else") || $0.contains("PAST") }
      if words.contains("PAST") { try terminal.type("n", enters: false) }
      return words.contains("traced by somebody else")
    }
  }
}

/// A terminal that runs a program: a tmux server of its own, which ends with this object.
private final class Tmux {
  private let server: Program
  private let folder: TemporaryFolder
  private static let environment: [String: String?] = ["TMUX": nil, "LC_ALL": "C.UTF-8", "NO_COLOR": nil]

  static let isThere = (try? Program.run(Command("tmux", "-V")).ending) == .code(0)

  init(_ words: [String]) throws {
    folder = try TemporaryFolder()
    server = try Program(
      Command("tmux", "-S", "\(folder.path)/socket", "-f", "/dev/null", "-D", environment: Self.environment))
    try eventually("tmux is there") {
      try tmux(["new-session", "-d", "-x", "120", "-y", "40"] + words).ending == .code(0)
    }
  }

  deinit { _ = try? tmux(["kill-server"]) }

  /// Presses the keys of a text, and Enter.
  func type(_ text: String, enters: Bool = true) throws {
    _ = try tmux(["send-keys", "-l", text])
    if enters { _ = try tmux(["send-keys", "Enter"]) }
  }

  /// Waits until the screen meets the condition, and returns its text with line ends as blanks.
  @discardableResult
  func wait(_ condition: (String) -> Bool) throws -> String {
    var last = ""
    return try eventually("the screen:\n\(last)") {
      last = try tmux(["capture-pane", "-p"]).output
      let words = last.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return condition(words) ? words : nil
    }
  }

  private func tmux(_ words: [String]) throws -> Finished {
    var command = Command(environment: Self.environment)
    command.words = ["tmux", "-S", "\(folder.path)/socket", "-f", "/dev/null"] + words
    return try Program.run(command)
  }
}
