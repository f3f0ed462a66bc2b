// The keys `a` and `w`: recordings of a process that is being observed.
import Foundation
import TestSupport
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

      // A recording that is running when mpgtop quits is finished properly.
      try screen.press("a")
      try screen.wait(for: "REC")
      try screen.press("q")
      let end = try screen.aftermath()
      #expect(end.code == 0 && end.errors.contains("recorded") && end.isRestored)
      let last = try #require(Set(try self.files(screen)).subtracting(files).first)
      #expect(try created(server, "\(screen.workingFolder)/\(last)") >= counts[1])
    }

    /// mpgtop on the server, on a terminal of this width. A shell starts mpgtop in its working folder after
    /// `prepare`.
    private func screen(
      _ server: DemoServer, columns: Int, after prepare: String, in namespace: [String] = []
    ) throws -> Screen {
      let script = "\(prepare); exec \"$0\" \"$1\""
      let words = namespace + ["bash", "-c", script, Built.mpgtop, "\(server.pid)"]
      let screen = try Screen(columns: columns, rows: 24, words, environment: server.environment)
      try screen.wait(for: "LIVE")
      return screen
    }

    /// The lines joined into one text, because a message may take several lines.
    private func said(_ lines: [String]) -> String {
      lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
    }

    @Test(
      "What went wrong with a recording is seen at any width, nothing goes on calling itself a recording, and the code tells",
      .enabled(if: canMount, "mounting a tmpfs is not permitted here"), arguments: [40, 100, 200])
    func fullDisk(_ columns: Int) throws {
      let server = try DemoServer("--procs", "2")
      let load = try Program(Command("curl", "-sS", "-o", "/dev/null", server.url("/spawn?n=[500-90000]")))
      let prepare =
        "mkdir full; mount -t tmpfs -o size=64k tmpfs full && cd full && head -c 60000 /dev/zero >filler"
      let screen = try self.screen(server, columns: columns, after: prepare, in: ["unshare", "-m"])
      sleep(1)
      try screen.press("w")
      try screen.wait(for: "why nothing was written") { self.said($0).contains("No space left on device") }
      try screen.press("?")  // a message must also be visible over an overlay
      try screen.press("w")
      try screen.wait(for: "the same over the help") { self.said($0).contains("No space left on device") }
      try screen.press("?")
      try screen.press("a")
      try screen.wait(for: "that it ended") {
        self.said($0).contains("the recording has ended") && self.said($0).contains("No space left on device")
          && !self.said($0).contains("REC ")
      }
      try screen.press("q")
      let end = try screen.aftermath()
      #expect(end.code == 71 && end.isRestored && end.leftOn == [])
      expectComplaint(end.errors, of: "mpgtop", mentions: "No space left on device")
      withExtendedLifetime(load) {}
    }

    @Test(
      "At the limit of a file's size a recording says so as on a full disk, and the terminal is given back")
    func fileSizeLimit() throws {
      let server = try DemoServer("--procs", "2")
      let load = try Program(Command("curl", "-sS", "-o", "/dev/null", server.url("/spawn?n=[500-90000]")))
      let screen = try self.screen(server, columns: 100, after: "ulimit -f 20")
      sleep(1)
      try screen.press("w")
      try screen.wait(for: "why nothing was written") { self.said($0).contains("File too large") }
      try screen.press("q")
      let end = try screen.aftermath()
      #expect(end.code == 71 && end.isRestored && end.leftOn == [], "\(end)")
      expectComplaint(end.errors, of: "mpgtop", mentions: "File too large")
      withExtendedLifetime(load) {}
    }

    @Test(
      "At the limit of a file's size output ends with its last whole frame, one line and exit code 74",
      arguments: ["--json", "-b", "--csv"])
    func outputLimit(_ form: String) throws {
      let (server, folder) = (try DemoServer("--procs", "2"), try TemporaryFolder())
      let file = "\(folder.path)/out"
      let script = "ulimit -f 20; exec \"$0\" \"$1\" -d 0.01 \"$2\" >'\(file)'"
      var command = Command(environment: server.environment)
      command.words = ["bash", "-c", script, Built.mpgtop, form, "\(server.pid)"]
      let finished = try Program.run(command)
      expectComplaint(finished, of: "mpgtop", code: 74, mentions: "File too large")
      let written = contents(of: file)
      #expect(written.utf8.count > 10_000 && written.utf8.count <= 20 * 1024 && written.last == "\n")
      if form == "--json" {
        for line in written.split(separator: "\n") {
          #expect(throws: Never.self) { _ = try Frame(json: String(line)) }
        }
      }
    }
  }
}

/// Whether this process may mount a tmpfs for itself.
private let canMount: Bool = {
  let script = "mount -t tmpfs -o size=64k tmpfs /mnt"
  return (try? Program.run(Command("unshare", "-m", "sh", "-c", script)).ending) == .code(0)
}()
