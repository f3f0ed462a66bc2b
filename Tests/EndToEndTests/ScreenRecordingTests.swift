// `a` and `w` on the screen: recordings of a process that is being looked at.
import Foundation
import Testing

extension EndToEnd {
  @Suite("Recordings from the screen") struct ScreenRecordingTests {
    private func files(_ screen: Screen) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: screen.workingFolder)
        .filter { $0.hasSuffix(".mpgrec") }.sorted()
    }

    private func created(_ server: DemoServer, _ file: String) throws -> Int {
      var command = Command(environment: server.environment)
      command.words = [Built.mpgtop, "replay", file, "--json", "-d", "0.1"]
      let shown = try Program.run(command)
      #expect(shown.ending == .code(0) && shown.errors == "")
      let frames = try shown.output.split(separator: "\n").map { try Frame(json: $0) }
      return try #require(frames.last).gs.created
    }

    @Test("w writes what was, a records what follows, and both can be replayed")
    func writeAndRecord() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try Screen(
        columns: 120, rows: 30, [Built.mpgtop, "\(server.pid)"], environment: server.environment)
      try screen.wait(for: "LIVE")
      _ = try server.get("/spawn?n=500")
      sleep(1)
      try screen.press("w")
      try screen.wait(for: "wrote")
      try screen.press("a")
      try screen.wait(for: "REC")
      _ = try server.get("/spawn?n=700")
      sleep(1)
      try screen.press("a")
      try screen.wait(for: "recorded")
      let files = try files(screen)
      #expect(files.count == 2)
      let counts = try files.map { try created(server, "\(screen.workingFolder)/\($0)") }.sorted()
      #expect(counts[0] >= 500 && counts[1] >= counts[0] + 700)

      // One that goes on when mpgtop ends is ended as it should be.
      try screen.press("a")
      try screen.wait(for: "REC")
      try screen.press("q")
      let end = try screen.aftermath()
      #expect(end.code == 0 && end.errors.contains("recorded") && end.isRestored)
      let last = try #require(Set(try self.files(screen)).subtracting(files).first)
      #expect(try created(server, "\(screen.workingFolder)/\(last)") >= counts[1])
    }
  }
}
