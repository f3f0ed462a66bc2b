// The script of `make demo`: it runs the whole scenario in one command, and leaves nothing behind.
import Foundation
import TestSupport
import Testing

/// The processes of a session without zombies. All that a script starts belongs to the script's session.
private func processes(ofSession session: Int32) -> Set<Int32> {
  let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  let found = all.compactMap { Int32($0) }.filter { pid in
    let fields = contents(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 3 && fields[3] == "\(session)" && fields[0] != "Z"
  }
  return Set(found)
}

/// A run of the script without a terminal, in a session of its own.
private final class DemoRun {
  let program: Program
  let folder: TemporaryFolder

  init(_ options: String...) throws {
    folder = try TemporaryFolder()
    var environment = DemoRun.environment(folder)
    environment["COLUMNS"] = "80"
    program = try Program(
      Command(words: ["setsid", DemoRun.script] + options + [Built.folder], environment: environment))
  }

  deinit {
    for pid in processes { kill(pid, SIGKILL) }
  }

  var processes: Set<Int32> { EndToEndTests.processes(ofSession: program.pid) }

  /// The regions of servers that are running or were killed.
  var regions: [String] { files.filter { $0.hasSuffix(".mpg") } }
  /// The regions and the control sockets of such servers.
  var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/mpg")) ?? [] }

  static let script = "\(Built.repository)/scripts/demo.sh"
  static func environment(_ folder: TemporaryFolder) -> [String: String?] {
    ["XDG_RUNTIME_DIR": folder.path, "TMPDIR": folder.path]
  }
}

extension EndToEnd {
  @Suite("The demo's script") struct DemoScriptTests {
    @Test("Without a terminal it prints ten frames of the show, exits 0, and leaves nothing running")
    func tenFrames() throws {
      let demo = try DemoRun()

      #expect(try demo.program.wait(within: 120) == .code(0), "\(demo.program.errors)")
      let output = demo.program.output
      let frames = output.split(separator: "\n").count { $0.contains(" pid ") && $0.contains(" procs ") }
      #expect(frames == 10, "\(output)")
      try eventually("nothing of it runs; still there: \(demo.processes)") { demo.processes.isEmpty }
      #expect(demo.files.isEmpty)
    }

    @Test("On a terminal it opens mpgtop on the show; `q` ends it all and gives the terminal back")
    func onTerminal() throws {
      let folder = try TemporaryFolder()
      let screen = try Screen(
        columns: 80, rows: 24, [DemoRun.script, Built.folder], environment: DemoRun.environment(folder))
      try screen.wait(for: "LIVE")
      let session = try screen.session()
      try eventually("server, load and viewer") { processes(ofSession: session).count > 4 }

      try screen.press("q")
      let aftermath = try screen.aftermath()
      #expect(aftermath.code == 0, "\(aftermath.errors)")
      #expect(aftermath.isRestored)
      #expect(aftermath.leftOn == [])
      // The only process left is the terminal's shell, which the script did not start.
      try eventually("nothing of it runs") { processes(ofSession: session) == [session] }
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/mpg").isEmpty)
    }

    @Test("When a key of mpgtop loads the server, the show ends")
    func takenOver() throws {
      let folder = try TemporaryFolder()
      let screen = try Screen(
        columns: 100, rows: 24, [DemoRun.script, Built.folder], environment: DemoRun.environment(folder))
      try screen.wait(for: "Q calm")
      let session = try screen.session()
      func isPlayed() -> Bool {
        processes(ofSession: session).contains { contents(of: "/proc/\($0)/cmdline").contains("show.sh") }
      }
      try eventually("the show") { isPlayed() }
      try screen.press("Q")
      try screen.wait(for: "calm: the show has ended")
      try eventually("no show") { !isPlayed() }
      try screen.press("q")
      #expect(try screen.aftermath().code == 0)
    }

    @Test("With --crash it kills the server under load, prints its last moment, and leaves only its region")
    func crash() throws {
      let demo = try DemoRun("--crash")

      #expect(try demo.program.wait(within: 120) == .code(0), "\(demo.program.errors)")
      let output = demo.program.output
      let pid = try #require(output.firstMatch(of: #/the server \(pid (\d+)\) is under load/#)?.1)
      #expect(output.contains("target ended: killed") && output.contains("Last events of P0"), "\(output)")
      #expect(output.contains("mpgtop --post-mortem \(pid) opens it again"))
      try eventually("nothing of it runs; still there: \(demo.processes)") { demo.processes.isEmpty }
      // A process that is killed leaves the name of its control socket behind, too; it goes with the region.
      #expect(demo.regions.count == 1 && demo.files.count <= 2)
    }

    @Test("On a terminal --crash opens the last moments; `q` gives the terminal back")
    func crashOnTerminal() throws {
      let folder = try TemporaryFolder()
      let screen = try Screen(
        columns: 100, rows: 24, [DemoRun.script, "--crash", Built.folder],
        environment: DemoRun.environment(folder))
      try screen.wait(for: "ENDED")
      let session = try screen.session()
      try screen.press("q")
      let aftermath = try screen.aftermath()
      #expect(aftermath.code == 0, "\(aftermath.errors)")
      #expect(aftermath.isRestored)
      try eventually("nothing of it runs") { processes(ofSession: session) == [session] }
    }

    @Test("Ended in any way, it leaves nothing running", arguments: [SIGTERM, SIGINT, SIGHUP, SIGKILL])
    func ended(by signal: Int32) throws {
      let demo = try DemoRun()
      try eventually("the first frame; it said: \(demo.program.errors)") {
        demo.program.output.contains(" procs ")
      }
      try eventually("server, load and viewer") { demo.processes.count > 4 }

      demo.program.signal(signal)
      #expect(try demo.program.wait() == (signal == SIGKILL ? .signal(SIGKILL) : .code(128 + signal)))
      try eventually("nothing of it runs; still there: \(demo.processes)") { demo.processes.isEmpty }
    }

    @Test("When port 8080 is taken it says so, and takes another")
    func portTaken() throws {
      let holder = try? LoopbackSocket(listening: 8080)  // if this fails, somebody else holds the port
      let demo = try DemoRun()

      try eventually("it says so") { demo.program.output.contains("port 8080 is taken, using 80") }
      try eventually("a frame") { demo.program.output.contains(" procs ") }
      demo.program.signal(SIGTERM)
      #expect(try demo.program.wait() == .code(143))
      withExtendedLifetime(holder) {}
    }
  }
}
