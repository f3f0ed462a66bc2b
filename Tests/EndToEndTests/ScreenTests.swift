// mpgtop in a real terminal, at sizes from too small to large: what it shows, what keys do, and how it quits.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("The screen", .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
  struct ScreenTests {
    struct Size: Sendable, CustomTestStringConvertible {
      let columns, rows: Int
      var testDescription: String { "\(columns)x\(rows)" }
    }
    static let sizes = [(40, 12), (80, 24), (200, 60)].map { Size(columns: $0.0, rows: $0.1) }

    private func open(_ server: DemoServer, _ size: Size = Size(columns: 80, rows: 24)) throws -> Screen {
      let words = [Built.mpgtop, "\(server.pid)"]
      // After a crash, Swift's backtracer would otherwise wait half a minute for somebody to ask for details.
      let environment = server.environment.merging(["SWIFT_BACKTRACE": "interactive=no"]) { $1 }
      return try Screen(columns: size.columns, rows: size.rows, words, environment: environment)
    }

    /// Waits for a complete picture of this size.
    private func waitForPicture(_ screen: Screen, of server: DemoServer, _ size: Size) throws {
      try screen.wait(for: "a picture at \(size.testDescription)") { lines in
        lines.prefix(size.rows).contains { $0.contains("pid \(server.pid)") }
          && lines.contains { $0.contains("LIVE") && $0.count > size.columns - 3 && $0.count <= size.columns }
          && ["P0", "P1"].allSatisfy { lane in lines.contains { $0.split(separator: " ").first == lane[...] }
          }
      }
      #expect(try screen.switchedOn.contains("alternate_on"))
      #expect(try screen.switchedOn.contains("cursor_flag"))
    }

    /// Checks that the program ended with `code` and left the terminal as it was.
    private func expectCleanEnd(_ screen: Screen, code: Int32, location: SourceLocation = #_sourceLocation)
      throws
    {
      let aftermath = try screen.aftermath()
      #expect(aftermath.code == code, "\(aftermath.errors)", sourceLocation: location)
      #expect(aftermath.isRestored, sourceLocation: location)
      #expect(aftermath.leftOn == [], sourceLocation: location)
      #expect(
        try !screen.lines.contains { $0.contains("LRQ") || $0.contains("pid ") }, sourceLocation: location)
    }

    @Test("A picture reaches the terminal in three writes, however many places of it have changed")
    func writes() throws {
      let server = try DemoServer("--procs", "2")
      let size = Size(columns: 200, rows: 60)
      let screen = try open(server, size)
      try waitForPicture(screen, of: server, size)
      let connection = try HTTPConnection(port: server.port)
      let (began, before) = (Date(), try screen.writes)
      while Date().timeIntervalSince(began) < 2 { _ = try connection.get("/") }
      let (writes, pictures) = (try screen.writes - before, Int(Date().timeIntervalSince(began) * 10) + 2)
      #expect(writes > 0 && writes <= 3 * pictures)
    }

    @Test(
      "It shows the target's pid, every P and the flood, and `q` leaves the terminal as it was",
      arguments: sizes)
    func pictures(_ size: Size) throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server, size)
      try waitForPicture(screen, of: server, size)

      let crowd = try (0..<137).map { _ in try HTTPConnection(port: server.port) }
      for connection in crowd { _ = try connection.get("/") }
      // The Gs of the connections, the listener's G, and the G that waits for signals.
      try screen.wait(for: "Gs 139")
      try screen.wait(for: "138")
      try screen.press("q")
      try expectCleanEnd(screen, code: 0)
      withExtendedLifetime(crowd) {}
    }

    @Test(
      "Keys: help comes and goes, the view pauses and goes on, frames come less and more often",
      arguments: sizes)
    func keys(_ size: Size) throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server, size)
      try waitForPicture(screen, of: server, size)

      try screen.press("?")
      try screen.wait(for: "Help:")
      try screen.press("?")
      try screen.wait(for: "the help is gone") { lines in !lines.contains { $0.contains("Help:") } }

      try screen.press("Space")
      try screen.wait(for: "PAUSED")
      let connection = try HTTPConnection(port: server.port)
      _ = try connection.get("/")
      _ = try server.frame("a third G") { $0.gs.live == 3 }
      #expect(try screen.lines.contains { $0.contains("Gs 2") })
      try screen.press("Space")
      try screen.wait(for: "Gs 3")

      try screen.press("+")
      if size.columns >= 80 { try screen.wait(for: "every 200 ms") }
      try screen.press("-", "-")
      if size.columns >= 80 { try screen.wait(for: "every 50 ms") }
      try screen.press("q")
      try expectCleanEnd(screen, code: 0)
    }

    @Test(
      "The picture goes on after a click, its release, half a click, a button that nobody knows, and Ctrl-S")
    func nothingStopsIt() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      try waitForPicture(screen, of: server, Size(columns: 80, rows: 24))
      var crowd: [HTTPConnection] = []
      let halted = ["\u{1B}[<0;30;10M", "\u{1B}[<0;30;10m", "\u{1B}[<66;1;1M", "\u{1B}[<0;3", "\u{13}"]
      for (count, bytes) in halted.enumerated() {
        try screen.type(bytes)
        crowd.append(try HTTPConnection(port: server.port))
        _ = try crowd[count].get("/")
        try screen.wait(for: "Gs \(count + 3)")
      }
      // Ctrl-S may have opened a line to type into. If it came right after the incomplete click, it was part
      // of that.
      try screen.press("Escape")
      try screen.wait(for: "no field") { !$0.contains { $0.contains("filter:") } }
      try screen.press("2")
      try screen.type("\u{1B}[<0;3;2M")
      try screen.wait(for: "the tab that was clicked") { !$0.contains { $0.contains("[2 Ps]") } }
      try screen.press("q")
      try expectCleanEnd(screen, code: 0)
      withExtendedLifetime(crowd) {}
    }

    @Test("A resize redraws at the new size, through one that is too small")
    func resize() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      for size in [Self.sizes[2], Self.sizes[0], Size(columns: 120, rows: 30)] {
        try screen.resize(columns: size.columns, rows: size.rows)
        try waitForPicture(screen, of: server, size)
      }
      try screen.resize(columns: 20, rows: 5)
      try screen.wait(for: "too small")
      try screen.resize(columns: 80, rows: 24)
      try waitForPicture(screen, of: server, Size(columns: 80, rows: 24))
      try screen.press("q")
      try expectCleanEnd(screen, code: 0)
    }

    @Test("20x5 is too small to show anything: one line says what there is and what is needed")
    func tooSmall() throws {
      let server = try DemoServer()
      let screen = try open(server, Size(columns: 20, rows: 5))
      try expectCleanEnd(screen, code: 64)
      #expect(screen.errors.hasPrefix("mpgtop: terminal is 20x5, the screen needs 40x12;"))
      #expect(screen.errors.split(separator: "\n").count == 1)
    }

    @Test("Ctrl-C leaves as `q` does")
    func interrupted() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      try waitForPicture(screen, of: server, Size(columns: 80, rows: 24))
      try screen.press("C-c")
      try expectCleanEnd(screen, code: 0)
    }

    @Test(
      "A signal, and a crash, leave the terminal as it was; the code tells which",
      arguments: [
        SIGTERM, SIGHUP, SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGXCPU, SIGUSR1, SIGALRM, SIGQUIT,
      ])
    func ended(by signal: Int32) throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      try waitForPicture(screen, of: server, Size(columns: 80, rows: 24))
      #expect(try kill(screen.pid(), signal) == 0)

      try expectCleanEnd(screen, code: 128 + signal)
      #expect(try server.get("/") == "Hello World")
    }

    @Test(
      "When the server is killed, the last picture stays and says so; then `q` gives one line and exit code 5"
    )
    func serverKilled() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      try waitForPicture(screen, of: server, Size(columns: 80, rows: 24))
      server.program.signal(SIGKILL)
      _ = try server.program.wait()

      try screen.wait(for: "ENDED")
      let last = try screen.wait(for: "pid \(server.pid)")
      usleep(1_500_000)
      #expect(try screen.wait(for: "ENDED") == last)  // not even its age changes
      try screen.press("q")
      try expectCleanEnd(screen, code: 5)
      expectComplaint(
        try screen.aftermath().errors, of: "mpgtop", mentions: "process \(server.pid) is gone: killed")
    }

    @Test("A server that has ended and runs again is looked at with one key")
    func again() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      try waitForPicture(screen, of: server, Size(columns: 80, rows: 24))
      server.program.signal(SIGKILL)
      _ = try server.program.wait()
      try screen.wait(for: "r again")
      try screen.press("r")
      try screen.wait(for: "no live process is called mpg-demo")
      let next = try Program(
        Command(Built.demo, "--port", "\(try LoopbackSocket.freePort())", environment: server.environment))
      try eventually("it runs") { next.output.contains("Server running") }
      try screen.press("r")
      try screen.wait(for: "the new one") { lines in
        lines.contains { $0.contains("pid \(next.pid)") && $0.contains("LIVE") }
      }
      try screen.press("q")
      try expectCleanEnd(screen, code: 0)
    }

    @Test("A terminal without a name, or with one that nobody knows, costs one line and exit code 64")
    func unknownTerminal() throws {
      let server = try DemoServer()
      for (name, said) in [
        (nil, "TERM is not set"), ("", "TERM is not set"), ("nonsense-42", "nonsense-42"), ("dumb", "dumb"),
      ]
        as [(String?, String)]
      {
        let environment = server.environment.merging(["TERM": name]) { $1 }
        let screen = try Screen(
          columns: 80, rows: 24, [Built.mpgtop, "\(server.pid)"], environment: environment)
        try expectCleanEnd(screen, code: 64)
        expectComplaint(try screen.aftermath().errors, of: "mpgtop", mentions: said)
      }
    }

    @Test("On a terminal, too, what cannot be shown costs one line and its code, and no screen")
    func mistakes() throws {
      for (words, code) in [(["--bogus"], 64), (["1"], 3), (["2147483647"], 2)] as [([String], Int32)] {
        let screen = try Screen(columns: 80, rows: 24, [Built.mpgtop] + words)
        try expectCleanEnd(screen, code: code)
        expectComplaint(try screen.aftermath().errors, of: "mpgtop")
      }
    }
  }
}
