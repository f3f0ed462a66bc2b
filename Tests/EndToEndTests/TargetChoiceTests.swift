// Which process mpgtop observes: chosen by pid, by name, or from the list.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Finding a target") struct TargetChoiceTests {
    /// A server whose executable has a name of its own.
    private struct Named {
      let name = "demo-\(UUID().uuidString.prefix(8).lowercased())"
      let folder: TemporaryFolder

      init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Built.demo, toPath: "\(folder.path)/\(name)")
      }

      func start() throws -> Program {
        let port = try LoopbackSocket.freePort()
        let program = try Program(
          Command(
            "\(folder.path)/\(name)", "--port", "\(port)", environment: ["XDG_RUNTIME_DIR": folder.path]))
        try eventually("it listens; it said: \(program.errors)") { program.output.contains("Server running") }
        return program
      }

      func mpgtop(_ arguments: String...) throws -> Finished {
        var command = Command(environment: ["XDG_RUNTIME_DIR": folder.path])
        command.words = [Built.mpgtop] + arguments
        return try Program.run(command)
      }
    }

    @Test("By name: the only one is shown; of two, both are listed and the code is 2")
    func byName() throws {
      let named = try Named()
      let first = try named.start()
      let shown = try named.mpgtop("--json", "-n", "1", named.name)
      #expect(shown.ending == .code(0), "\(shown.errors)")
      #expect(try Frame(json: shown.output).pid == first.pid)

      let second = try named.start()
      let torn = try named.mpgtop("--json", "-n", "1", named.name)
      #expect(torn.ending == .code(2))
      #expect(torn.output == "")
      for program in [first, second] { #expect(torn.errors.contains(" \(program.pid) ")) }
      #expect(
        torn.errors.split(separator: "\n").last?.hasPrefix("mpgtop: 2 processes are called \(named.name)")
          == true)
    }

    @Test(
      "A person is asked which of two is meant; Enter alone leaves",
      .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
    func asked() throws {
      let named = try Named()
      let servers = [try named.start(), try named.start()].sorted { $0.pid < $1.pid }
      let words = [Built.mpgtop, named.name]
      let environment: [String: String?] = ["XDG_RUNTIME_DIR": named.folder.path]

      let chosen = try Screen(columns: 80, rows: 24, words, environment: environment)
      try eventually("the question") { chosen.errors.contains("which one (1-2") }
      try chosen.press("2", "Enter")
      try chosen.wait(for: "pid \(servers[1].pid)")
      try chosen.press("q")
      #expect(try chosen.aftermath().code == 0)

      let left = try Screen(columns: 80, rows: 24, words, environment: environment)
      try eventually("the question") { left.errors.contains("which one (1-2") }
      try left.press("Enter")
      #expect(try left.aftermath().code == 0)
    }

    @Test("-l lists who runs, and what the killed have left, until they are pruned")
    func list() throws {
      let named = try Named()
      let (running, killed, stopped) = (try named.start(), try named.start(), try named.start())
      killed.signal(SIGKILL)
      #expect(try killed.wait() == .signal(SIGKILL))
      stopped.signal(SIGTERM)
      #expect(try stopped.wait() == .code(0))

      let listed = try named.mpgtop("-l")
      #expect(listed.ending == .code(0))
      let rows = listed.output.split(separator: "\n").map { $0.split(separator: " ") }
      let ours = rows.filter { $0.count > 2 && $0[1] == named.name }
      #expect(ours.map { "\($0[0]) \($0[2])" } == ["\(running.pid) live", "\(killed.pid) killed"])
    }
  }
}
