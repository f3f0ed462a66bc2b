// The settings file: mpgtop accepts the model that it prints itself, and reports what is wrong in a file.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Settings", .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
  struct SettingsTests {
    /// Opens the screen with a settings file that contains this text.
    private func open(
      _ text: String, _ server: DemoServer, _ words: String..., columns: Int = 120
    ) throws -> (Screen, TemporaryFolder) {
      let folder = try TemporaryFolder()
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/mpgtop", withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/mpgtop/config"))
      let environment = server.environment.merging(["XDG_CONFIG_HOME": folder.path]) { $1 }
      let screen = try Screen(
        columns: columns, rows: 30, [Built.mpgtop, "\(server.pid)"] + words, environment: environment)
      return (screen, folder)
    }

    @Test("The file that gen-config prints is taken as it is, and what it says is what happens anyway")
    func modelIsTaken() throws {
      let printed = try Program.run(Command(Built.mpgtop, "gen-config"))
      #expect(printed.ending == .code(0) && printed.output.contains("theme = calm"))
      let server = try DemoServer()
      // The interval is the last of the footer's words, so the screen is wide.
      let (screen, folder) = try open(printed.output, server, columns: 200)
      try screen.wait(for: "every 100 ms")
      try screen.press("q")
      #expect(try screen.aftermath().code == 0)
      withExtendedLifetime(folder) {}
    }

    @Test("Settings choose the screen and the pace; the command line counts more")
    func settingsCount() throws {
      let server = try DemoServer()
      let text = "screen = gs   # comment\n\n interval=500\nascii = yes\n"
      let (screen, folder) = try open(text, server)
      try screen.wait(for: "[3 Gs]")
      try screen.press("1")
      try screen.wait(for: "every 500 ms")
      #expect(try screen.lines.allSatisfy { $0.allSatisfy(\.isASCII) })
      try screen.press("q")
      let (other, second) = try open(text, server, "--screen", "tracer", "-d", "0.2")
      try other.wait(for: "[0 Tracer]")
      try other.press("1")
      try other.wait(for: "every 200 ms")
      try other.press("q")
      withExtendedLifetime((folder, second)) {}
    }

    @Test(
      "A line that is no setting costs one line and code 64",
      arguments: ["theme = pink", "colour = no", "interval"])
    func mistakes(_ line: String) throws {
      let server = try DemoServer()
      let (screen, folder) = try open("# first\n\(line)\n", server)
      let aftermath = try screen.aftermath()
      #expect(aftermath.code == 64)
      expectComplaint(aftermath.errors, of: "mpgtop", mentions: "config:2: '\(line)'")
      withExtendedLifetime(folder) {}
    }
  }
}
