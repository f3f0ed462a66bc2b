// A viewer that has run out of descriptors cannot ask the kernel whether its target is alive. It must not
// report a death.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Doubt") struct DoubtTests {
    /// Limits a process to this number of descriptors.
    private static func limit(_ pid: Int32, descriptors: Int) throws {
      let finished = try Program.run(Command("prlimit", "--pid=\(pid)", "--nofile=\(descriptors):1024"))
      #expect(finished.ending == .code(0), "\(finished.errors)")
    }

    @Test(
      "frames go on while the viewer has no descriptors, it says so once, and that it is over; then death is death"
    )
    func frames() throws {
      let server = try DemoServer("--procs", "2")
      let viewer = try Viewer(of: server)
      try viewer.wait(for: 50)
      try Self.limit(viewer.program.pid, descriptors: 3)
      try eventually("it says that it cannot tell: \(viewer.program.errors)") {
        viewer.program.errors.contains("cannot tell")
      }
      let count = try viewer.frames().count
      try viewer.wait(for: count + 150)
      try Self.limit(viewer.program.pid, descriptors: 1024)
      try eventually("it says that it is over: \(viewer.program.errors)") {
        viewer.program.errors.contains("told again")
      }
      let lines = viewer.program.errors.split(separator: "\n")
      #expect(
        lines.count == 2
          && lines[0].contains(
            #/cannot tell whether process \d+ lives: open failed on \/proc\/\d+\/stat: errno 24/#)
      )
      let frames = try viewer.frames()
      #expect(frames.allSatisfy { $0.ended == nil })
      #expect(frames.contains { $0.doubt != nil } && frames[0].doubt == nil)

      server.program.signal(SIGKILL)
      #expect(try viewer.program.wait() == .code(5))
      let last = try #require(try viewer.frames().last)
      #expect(last.ended?.hasPrefix("killed") == true && last.doubt == nil)
    }

    @Test("nothing is called dead by who cannot ask: attaching and lists say why instead")
    func attaching() throws {
      let server = try DemoServer("--procs", "2")
      // Enough for one file at a time. While the region is open, /proc cannot be read.
      for (arguments, code) in [(["--json", "-n", "1", "\(server.pid)"], Int32(71)), (["-l"], 0)] {
        var command = Command(environment: server.environment)
        command.words = ["prlimit", "--nofile=4:1024", Built.mpgtop] + arguments
        let finished = try Program.run(command)
        #expect(finished.ending == .code(code), "\(arguments): \(finished.errors)")
        #expect(
          finished.errors.contains("cannot tell whether process \(server.pid) lives"), "\(finished.errors)")
        #expect(!finished.errors.contains("killed") && !finished.output.contains("killed"))
      }
    }

    @Test("a target that boots without descriptors to spare removes nobody's region")
    func pruning() throws {
      let server = try DemoServer("--procs", "1")
      let region = try server.region()
      for descriptors in 5..<12 {
        var command = Command(environment: server.environment)
        command.words = [
          "prlimit", "--nofile=\(descriptors)", Built.demo, "--port", "\(try LoopbackSocket.freePort())",
        ]
        let other = try Program(command)
        try eventually("it runs, or gives up") {
          other.ending != nil || other.output.contains("running")
        }
        #expect(FileManager.default.fileExists(atPath: region), "\(descriptors) descriptors")
      }
    }
  }
}
