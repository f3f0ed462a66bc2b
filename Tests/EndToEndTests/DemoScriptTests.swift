// The script of `make demo`: the whole scenario in one command, and nothing left behind.
import Foundation
import Testing

/// A run of the script, in a session of its own: whatever it starts belongs to that session.
private final class DemoRun {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let environment = ["XDG_RUNTIME_DIR": folder.path, "TMPDIR": folder.path, "COLUMNS": "80"]
    program = try Program(
      Command("setsid", "\(Built.repository)/scripts/demo.sh", Built.folder, environment: environment))
  }

  deinit {
    for pid in processes { kill(pid, SIGKILL) }
  }

  /// What runs in its session, zombies aside.
  var processes: [Int32] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap { Int32($0) }.filter { pid in
      let fields = text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 3 && fields[3] == "\(program.pid)" && fields[0] != "Z"
    }
  }

  /// Regions of servers that run, or were killed.
  var regions: [String] { (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/mpg")) ?? [] }
}

extension EndToEnd {
  @Suite("The demo's script") struct DemoScriptTests {
    @Test("Without a terminal it prints ten frames of a flood, exits 0, and leaves nothing running")
    func tenFrames() throws {
      let demo = try DemoRun()

      #expect(try demo.program.wait(within: 120) == .code(0), "\(demo.program.errors)")
      let output = demo.program.output
      let frames = output.split(separator: "\n").count { $0.contains(" pid ") && $0.contains(" procs ") }
      #expect(frames == 10, "\(output)")
      try eventually("nothing of it runs") { demo.processes.isEmpty }
      #expect(demo.regions.isEmpty)
    }

    @Test("Killed outright, it leaves nothing running", arguments: [SIGTERM, SIGINT, SIGKILL])
    func killed(_ signal: Int32) throws {
      let demo = try DemoRun()
      try eventually("the first frame; it said: \(demo.program.errors)") {
        demo.program.output.contains("procs")
      }
      #expect(demo.processes.count > 3)

      demo.program.signal(signal)
      _ = try demo.program.wait()
      try eventually("nothing of it runs; still there: \(demo.processes)") { demo.processes.isEmpty }
    }
  }
}
