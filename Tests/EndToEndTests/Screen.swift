// A real terminal for a program: a tmux server of its own, whose screen can be read and whose keys can be
// pressed.
import Foundation
import TestSupport
import Testing

/// A terminal that runs a shell script. The script runs one program, notes how it left the terminal, and
/// stays.
///
/// The user's own tmux is not touched: this tmux has a server of its own, which ends together with this
/// object.
final class Screen {
  private let server: Program
  private let folder: TemporaryFolder

  /// Runs `words` on a terminal of this size.
  init(columns: Int, rows: Int, _ words: [String], environment: [String: String?] = [:]) throws {
    folder = try TemporaryFolder()
    // tmux runs in the foreground, so that it is a `Program` like any other and ends with the test.
    server = try Program(
      Command("tmux", "-S", "\(folder.path)/socket", "-f", "/dev/null", "-D", environment: Self.environment))
    let script = """
      trap : INT TERM; cd '\(folder.path)'; stty -g >before
      sh -c 'echo $$ >pid; exec "$@"' sh "$@" 2>errors
      echo $? >code; stty -g >after; echo ready >done; exec sleep 1000
      """
    try Data(script.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/script"))
    let unset = environment.filter { $0.value == nil }.flatMap { ["-u", $0.key] }
    let set = environment.compactMap { name, value in value.map { "\(name)=\($0)" } }
    try eventually("tmux is there") {
      try self.command(
        ["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "env"] + unset + set + [
          "sh", "\(folder.path)/script",
        ] + words
      ).ending == .code(0)
    }
  }

  deinit { _ = try? command(["kill-server"]) }

  /// The rows of the screen without trailing blanks.
  var lines: [String] {
    get throws {
      let shown = try command(["capture-pane", "-p"]).output
      return shown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Waits until the screen meets the condition, and returns its rows.
  @discardableResult
  func wait(
    for what: String, within seconds: Double = patience, _ condition: ([String]) -> Bool
  ) throws -> [String] {
    var last: [String] = []
    return try eventually(
      "\(what); the screen:\n\(last.joined(separator: "\n"))\n\(errors)", within: seconds
    ) {
      last = try lines
      return condition(last) ? last : nil
    }
  }

  /// Waits until some row contains `text`.
  @discardableResult
  func wait(for text: String) throws -> [String] {
    try wait(for: "'\(text)'") { $0.contains { $0.contains(text) } }
  }

  /// Presses keys, by tmux's names: `q`, `Space`, `C-c`.
  func press(_ keys: String...) throws { _ = try command(["send-keys"] + keys) }

  /// Sends bytes unchanged.
  func type(_ bytes: String) throws {
    _ = try command(["send-keys", "-H"] + bytes.utf8.map { String($0, radix: 16) })
  }

  /// Pastes text, with paste brackets if the program has asked for them.
  func paste(_ text: String) throws {
    _ = try command(["set-buffer", text])
    _ = try command(["paste-buffer", "-p"])
  }

  func resize(columns: Int, rows: Int) throws {
    _ = try command(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// The program's working folder. A file without a folder in its name is written there.
  var workingFolder: String { folder.path }

  /// How many write calls the program has made. Most go to the terminal.
  var writes: Int {
    get throws {
      let pid = contents(of: "\(folder.path)/pid").split(separator: "\n").first ?? ""
      let line = contents(of: "/proc/\(pid)/io").split(separator: "\n").first { $0.hasPrefix("syscw: ") }
      return try #require(line.flatMap { Int($0.dropFirst("syscw: ".count)) })
    }
  }

  /// What the program has written to standard error, which does not go to the screen.
  var errors: String { contents(of: "\(folder.path)/errors") }

  /// The session of everything in this terminal. Its id is also the pid of the terminal's shell.
  func session() throws -> Int32 {
    let shell = try command(["display-message", "-p", "#{pane_pid}"]).output.split(separator: "\n").first
    return try #require(shell.flatMap { Int32($0) })
  }

  /// The process id of the program.
  func pid() throws -> Int32 { try eventually("the program's pid") { Int32(note("pid")) } }

  /// The terminal modes that full-screen programs switch on and that are on now, by tmux's names.
  var switchedOn: [String] {
    get throws {
      let normal = [
        ("alternate_on", "0"), ("cursor_flag", "1"), ("keypad_cursor_flag", "0"), ("keypad_flag", "0"),
        ("mouse_any_flag", "0"),
      ]
      let formats = normal.map { "#{\($0.0)}" }.joined(separator: " ")
      let found = try command(["display-message", "-p", formats]).output.split { $0 == " " || $0 == "\n" }
      guard found.count == normal.count else { throw Broken("tmux tells \(found)") }
      return zip(normal, found).compactMap { normal, found in found == normal.1 ? nil : normal.0 }
    }
  }

  /// How the program left the terminal.
  struct Aftermath {
    /// The exit code as shells report it: 128 + n after signal n.
    let code: Int32?
    let errors: String
    /// Whether the line settings are the same as before the program.
    let isRestored: Bool
    /// The terminal modes that are still on.
    let leftOn: [String]
  }

  /// Waits for the program's end.
  func aftermath() throws -> Aftermath {
    try eventually("end of the program; the screen:\n\((try? lines.joined(separator: "\n")) ?? "")") {
      note("done") == "ready"
    }
    return Aftermath(
      code: Int32(note("code")), errors: errors,
      isRestored: !note("before").isEmpty && note("before") == note("after"),
      leftOn: try switchedOn)
  }

  private func note(_ name: String) -> String {
    contents(of: "\(folder.path)/\(name)").split(separator: "\n").first.map(String.init) ?? ""
  }

  private func command(_ words: [String]) throws -> Finished {
    var command = Command(environment: Self.environment)
    command.words = ["tmux", "-S", "\(folder.path)/socket", "-f", "/dev/null"] + words
    return try Program.run(command)
  }

  private static let environment: [String: String?] = ["TMUX": nil, "LC_ALL": "C.UTF-8", "NO_COLOR": nil]
}
