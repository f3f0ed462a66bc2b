// `mpgtop run`: a program that mpgtop starts itself, watches, and ends.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Running a program") struct RunTests {
    private let folder: TemporaryFolder
    private let port: UInt16

    init() throws { (folder, port) = (try TemporaryFolder(), try LoopbackSocket.freePort()) }

    private var environment: [String: String?] {
      ["XDG_RUNTIME_DIR": folder.path, "TMPDIR": folder.path]
    }
    private var server: [String] { ["--", Built.demo, "--port", "\(port)"] }

    private func run(_ words: [String]) throws -> Finished {
      try Program.run(Command(words: [Built.mpgtop, "run"] + words, environment: environment))
    }

    private func file(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// The processes whose command line has the server's port.
    private var servers: [Int32] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      return names.compactMap { Int32($0) }.filter { pid in
        let words = contents(of: "/proc/\(pid)/cmdline").split(separator: "\0")
        return words.first.map(String.init) == Built.demo && words.last.map(String.init) == "\(port)"
      }
    }

    @Test("the frames are the program's, what it prints is in the file, and after the last frame it is ended")
    func frames() throws {
      let done = try run(["-o", file("log"), "--json", "-n", "3", "-d", "0.2"] + server)
      #expect(done.ending == .code(0), "\(done.errors)")
      let frames = try done.output.split(separator: "\n").map { try Frame(json: String($0)) }
      #expect(frames.count == 3 && Set(frames.map(\.pid)).count == 1 && servers.isEmpty)
      #expect(contents(of: file("log")).contains("Server running"))
      #expect(
        done.errors.contains("mpg-demo is process \(frames[0].pid); what it prints goes to \(file("log"))"))
    }

    @Test("a signal to mpgtop is one to the program, whose code is mpgtop's")
    func signals() throws {
      let program = try Program(
        Command(words: [Built.mpgtop, "run", "--json", "-d", "0.1"] + server, environment: environment))
      try eventually("frames come") { program.output.split(separator: "\n").count > 2 }
      program.signal(SIGINT)
      let ending = try program.wait()
      #expect(servers.isEmpty && program.output.contains(#""ended":"#), "\(program.errors)")
      // mpg-demo ends well of a signal.
      #expect(
        ending == .code(0) && program.errors.contains("mpg-demo exited with code 0"), "\(program.errors)")
    }

    @Test("a program that ignores signals is killed by the third")
    func stubborn() throws {
      let script = "trap '' INT; exec \(Built.demo) --port \(port)"
      let program = try Program(
        Command(
          words: [Built.mpgtop, "run", "-b", "-d", "0.1", "--", "sh", "-c", script], environment: environment)
      )
      try eventually("frames come") { program.output.contains("procs") }
      kill(try #require(servers.first), SIGSTOP)
      for _ in 0..<3 {
        program.signal(SIGINT)
        usleep(200_000)
      }
      #expect(try program.wait() == .code(128 + SIGKILL), "\(program.errors)")
      #expect(servers.isEmpty && program.errors.contains("crashed of signal 9"))
    }

    @Test("on the screen nothing is torn, and q ends the program")
    func screen() throws {
      let screen = try Screen(
        columns: 80, rows: 24, [Built.mpgtop, "run"] + server, environment: environment)
      let shown = try screen.wait(for: "mpg-demo   pid")
      #expect(!shown.contains { $0.contains("Server running") } && servers.count == 1)
      try screen.press("q")
      try eventually("mpgtop has ended") {
        FileManager.default.fileExists(atPath: screen.workingFolder + "/done")
      }
      #expect(servers.isEmpty)
      let logs = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
        $0.hasPrefix("mpgtop-run-")
      }
      #expect(logs.count == 1 && contents(of: file(logs.first ?? "")).contains("Server running"))
      #expect(
        screen.errors.contains("what mpg-demo printed is in \(file(logs.first ?? "-"))"), "\(screen.errors)")
    }

    @Test("what cannot be started, or has no scheduler, is one line and a code")
    func mistakes() throws {
      try Data("text".utf8).write(to: URL(fileURLWithPath: file("plain")))
      for (words, code, mentions) in [
        (["--", "no-such-program-here"], 127, "No such file"),
        (["--", file("plain")], 126, "Permission denied"),
        (["--", "sh", "-c", "exit 7"], 7, "sh exited with code 7"),
        (["--", "sh", "-c", "kill -9 $$"], 137, "sh crashed of signal 9"),
        (["--", "sleep", "60"], 3, "it does not run on MPG and was not built by Go"),
        (["-o", "/no/such/folder/log", "--", "true"], 64, "cannot write /no/such/folder/log"),
        ([], 64, "the program is missing"), (["sleep", "60"], 64, "the program is missing"),
      ] as [([String], Int32, String)] {
        let done = try run((words.isEmpty || words[0] == "sleep" ? [] : ["--json"]) + words)
        expectComplaint(done, of: "mpgtop", code: code, mentions: mentions)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.filter { $0.hasPrefix("mpgtop-run-") }.isEmpty, "\(left)")
      let quiet = try run(["--json", "--", "true"])
      #expect(quiet.ending == .code(0) && quiet.errors == "mpgtop: true exited with code 0\n", "\(quiet)")
    }
  }
}
