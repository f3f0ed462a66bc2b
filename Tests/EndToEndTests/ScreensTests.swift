// The screens in a real terminal, over a real server: each shows what is there, and its keys do what they
// say.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("The other screens", .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
  struct OtherScreensTests {
    @Test("Each screen shows the server's own numbers; filter, groups, follow and palette work")
    func tour() throws {
      let server = try DemoServer("--procs", "2")
      let crowd = try (0..<30).map { _ in try HTTPConnection(port: server.port) }
      for connection in crowd { _ = try connection.get("/") }
      let screen = try Screen(
        columns: 110, rows: 40, [Built.mpgtop, "\(server.pid)"], environment: server.environment)
      try screen.wait(for: "Gs 32")
      try processors(screen)
      try goroutines(screen)
      try threadsAndSockets(screen, server)
      let late = try events(screen, server)
      try timelineAndTracer(screen)
      try screen.press("q")
      #expect(try screen.aftermath().code == 0)
      withExtendedLifetime((crowd, late)) {}
    }

    private func processors(_ screen: Screen) throws {
      try screen.press("2")
      try screen.wait(for: "[2 Ps]")
      try screen.wait(for: "both Ps") { lines in
        ["P0", "P1"].allSatisfy { p in lines.contains { $0.contains("\(p) ") } }
      }
    }

    private func goroutines(_ screen: Screen) throws {
      try screen.press("3")
      try screen.wait(for: "all Gs") { lines in lines.count { $0.contains("netpollRead") } == 31 }
      try screen.press("/", "m", "a", "i", "n", "Enter")
      try screen.wait(for: "the main G alone") { lines in
        lines.contains { $0.contains("1 of 32") } && lines.count { $0.contains("netpollRead") } == 1
      }
      try screen.press("Escape")
      try screen.wait(for: "all Gs again") { lines in lines.count { $0.contains("netpollRead") } == 31 }
      try screen.press("o")
      try screen.wait(for: "the group of the connections") { lines in
        lines.contains { $0.contains("31") && $0.contains("netpollRead") }
      }
      try screen.press("o")
      try screen.wait(for: "the connections' site") { lines in
        lines.contains { $0.contains("30 ") && $0.contains("serve(") }
      }
    }

    private func threadsAndSockets(_ screen: Screen, _ server: DemoServer) throws {
      try screen.press("4")
      try screen.wait(for: "the kernel's view") { lines in
        lines.contains { $0.contains("sysmon") && $0.contains(" S ") }
          && lines.contains { $0.contains("\(server.pid) ") }
      }

      try screen.press("6")
      try screen.wait(for: "peers, and the listener") { lines in
        lines.count { $0.contains(" 127.0.0.1:") } >= 20 && lines.contains { $0.contains("listens") }
      }
    }

    private func events(_ screen: Screen, _ server: DemoServer) throws -> HTTPConnection {
      try screen.press("9")
      try screen.wait(for: "[9 Events]")
      try screen.press("/", "k", "i", "n", "d", ":", "g", "o", "C", "r", "e", "a", "t", "e", "Enter")
      let late = try HTTPConnection(port: server.port)
      _ = try late.get("/")
      try screen.wait(for: "the creations alone") { lines in
        lines.count { $0.contains("is created by") } >= 1 && !lines.contains { $0.contains(" parks on ") }
      }
      return late
    }

    private func timelineAndTracer(_ screen: Screen) throws {
      try screen.press("7")
      try screen.wait(for: "[7 Timeline]")
      try screen.wait(for: "all of it")
      try screen.press("h")
      try screen.wait(for: "PAUSED")
      try screen.press("Space")
      try screen.wait(for: "LIVE")

      try screen.press("5")
      try screen.wait(for: "thief")
      try screen.press("8")
      try screen.wait(for: "ready until run")
      try screen.press("0")
      try screen.wait(for: "none lost")
      try screen.wait(for: "fullest ring")
      try screen.press(":", "o", "v", "e", "r", "v", "Enter")
      try screen.wait(for: "Processors (P)")
    }

    @Test("A paused view shows the same moment on every screen, while the server goes on")
    func pausedTogether() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try Screen(
        columns: 100, rows: 30, [Built.mpgtop, "\(server.pid)"], environment: server.environment)
      try screen.wait(for: "Gs 2")
      Thread.sleep(forTimeInterval: 1)
      try screen.press("Space")
      try screen.wait(for: "PAUSED")
      let crowd = try (0..<5).map { _ in try HTTPConnection(port: server.port) }
      for connection in crowd { _ = try connection.get("/") }
      _ = try server.frame("seven Gs") { $0.gs.live == 7 }
      try screen.press("3")
      try screen.wait(for: "two Gs") { lines in lines.count { $0.contains("parked  ") } == 2 }
      try screen.press("Space")
      try screen.wait(for: "seven Gs") { lines in lines.count { $0.contains("parked  ") } == 7 }
      try screen.press("q")
      #expect(try screen.aftermath().code == 0)
      withExtendedLifetime(crowd) {}
    }
  }
}
