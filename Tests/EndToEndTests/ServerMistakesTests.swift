// mpg-demo with arguments that it cannot fulfil.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Mistakes with the server") struct ServerMistakesTests {
    private func run(_ arguments: [String], standardOutput: String? = nil) throws -> Finished {
      let folder = try TemporaryFolder()
      var command = Command(environment: ["XDG_RUNTIME_DIR": folder.path], standardOutput: standardOutput)
      command.words = [Built.demo] + arguments
      return try Program.run(command)
    }

    @Test(
      "A wrong command line costs one line and exit code 64",
      arguments: [
        Mistake("--bogus", code: 64, mentions: "--bogus"),
        Mistake("-x", code: 64, mentions: "-x"),
        Mistake("extra", code: 64, mentions: "extra"),
        Mistake("--port", code: 64, mentions: "--port"),
        Mistake("--port", "0", code: 64, mentions: "--port 0"),
        Mistake("--port", "70000", code: 64, mentions: "--port 70000"),
        Mistake("--port", "99999999999999999999", code: 64, mentions: "99999999999999999999"),
        Mistake("--port", "http", code: 64, mentions: "http"),
        Mistake("--procs", "0", code: 64, mentions: "--procs 0"),
        Mistake("--procs", "100000", code: 64, mentions: "--procs 100000"),
        Mistake("--procs=-1", code: 64, mentions: "--procs -1"),
        Mistake("--procs", "two", code: 64, mentions: "two"),
        Mistake("--max-connections", "0", code: 64, mentions: "--max-connections 0"),
      ])
    func wrongCommandLine(_ mistake: Mistake) throws {
      let finished = try run(mistake.arguments)

      expectComplaint(finished, of: "mpg-demo", code: mistake.code, mentions: mistake.mentions)
      #expect(finished.output == "")
    }

    @Test("A port that somebody has costs one line and exit code 1")
    func portTaken() throws {
      let holder = try LoopbackSocket(listening: 0)

      let finished = try run(["--port", "\(holder.port)"])
      expectComplaint(finished, of: "mpg-demo", code: 1, mentions: "127.0.0.1:\(holder.port)")
      #expect(finished.output == "")
    }

    @Test("A second server on the port of the first says so, and the first goes on")
    func twoServers() throws {
      let first = try DemoServer()

      expectComplaint(
        try run(["--port", "\(first.port)"]), of: "mpg-demo", code: 1, mentions: "\(first.port)")
      #expect(try first.get("/") == "Hello World")
    }

    @Test(
      "An address that is none, or is not ours, costs one line and exit code 1",
      arguments: ["999.1.1.1", "192.0.2.1"])
    func wrongAddress(_ address: String) throws {
      let finished = try run(["--host", address, "--port", "\(LoopbackSocket.freePort())"])
      expectComplaint(finished, of: "mpg-demo", code: 1, mentions: address)
    }

    @Test("Where XDG_RUNTIME_DIR is no good, the region is in /dev/shm, and mpgtop finds it there")
    func unusableFolder() throws {
      let (folder, port) = (try TemporaryFolder(), try LoopbackSocket.freePort())
      _ = FileManager.default.createFile(atPath: "\(folder.path)/mpg", contents: nil)
      for unusable in [folder.path, "\(folder.path)/none", "relative", ""] {
        let environment: [String: String?] = ["XDG_RUNTIME_DIR": unusable]
        let program = try Program(Command(Built.demo, "--port", "\(port)", environment: environment))
        try eventually("it listens or ends") {
          program.output.contains("Server running") || program.ending != nil
        }

        #expect(program.ending == nil, "\(program.errors)")
        let shown = try Program.run(
          Command(Built.mpgtop, "--json", "-n", "1", "\(program.pid)", environment: environment))
        #expect(shown.ending == .code(0), "\(shown.errors)")
        program.signal(SIGTERM)
        #expect(try program.wait() == .code(0))
      }
    }

    @Test(
      "A server serves whatever of its standard descriptors is closed, and its region stays whole",
      arguments: [
        ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "> /dev/full 2> /dev/full",
      ])
    func closedOutput(_ redirection: String) throws {
      let (folder, port) = (try TemporaryFolder(), try LoopbackSocket.freePort())
      let environment: [String: String?] = ["XDG_RUNTIME_DIR": folder.path]
      let program = try Program(
        Command("sh", "-c", "exec \(Built.demo) --port \(port) \(redirection)", environment: environment))

      try eventually("an answer") {
        if let ending = program.ending { throw Broken("it ended: \(ending)") }
        return (try? HTTPConnection(port: port).get("/")) == "Hello World"
      }
      let shown = try Program.run(
        Command(Built.mpgtop, "--json", "-n", "1", "\(program.pid)", environment: environment))
      #expect(shown.ending == .code(0), "\(shown.errors)")
      try Frame(json: shown.output).checkSums()
      program.signal(SIGTERM)
      #expect(try program.wait() == .code(0))
    }

    @Test(
      "SIGTERM and SIGINT end it with 0, after the answers that are on their way",
      arguments: [SIGTERM, SIGINT])
    func stops(_ signal: Int32) throws {
      let server = try DemoServer()
      let (idle, busy) = (try HTTPConnection(port: server.port), try HTTPConnection(port: server.port))
      #expect(try idle.get("/") == "Hello World")
      try busy.send("/sleep?ms=300")
      _ = try server.frame("a G that sleeps") { $0.gs.byState["sleep"] == 1 }

      server.program.signal(signal)
      #expect(try busy.receive() == "slept 300 ms\n")
      #expect(try server.program.wait() == .code(0))
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(server.folder.path)/mpg").isEmpty)
    }
  }
}
