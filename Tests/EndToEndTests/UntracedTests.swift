// A live process without events (`MPG_TRACE=0`): gauges are live, screens of events say in one line why they are empty, nothing
// is invented, and stepping is not offered.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite(
    "A live process without events", .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
  struct UntracedTests {
    private static let reason = "no events: tracing is off in the target (MPG_TRACE=0)"

    /// Rows with a digit 0 by itself, or with a unit, beside the reason: a number that would say that something was counted.
    private static func zeros(_ lines: [String]) -> [String] {
      lines.map { $0.replacing(reason, with: "") }
        .filter { $0.contains(#/(?:^|[^\w.,:])0(?:\.0)?(?:$|[^\w,.])/#) }
    }

    /// The last row that is not empty: the keys, or what the last key has come to.
    private static func footer(_ lines: [String]) -> String { lines.last { !$0.isEmpty } ?? "" }

    @Test("Each of the ten screens is honest, and stepping says why it is not offered")
    func tenScreens() throws {
      let server = try DemoServer("--procs", "2", prefix: ["env", "MPG_TRACE=0"])
      let crowd = try (0..<30).map { _ in try HTTPConnection(port: server.port) }
      for connection in crowd { _ = try connection.get("/") }
      let screen = try Screen(
        columns: 120, rows: 40, [Built.mpgtop, "\(server.pid)"], environment: server.environment)
      try overview(screen)
      try gauges(screen, server)
      try events(screen)
      try steps(screen)
      try screen.press("q")
      #expect(try screen.aftermath().code == 0)
      withExtendedLifetime(crowd) {}
    }

    private func overview(_ screen: Screen) throws {
      try screen.wait(for: "Gs 32")
      let lines = try screen.wait(for: "tracing off")
      let text = lines.joined(separator: "\n")
      #expect(!text.contains("events/s") && !text.contains("none lost") && !text.contains("[ ]"), "\(text)")
    }

    /// What needs no events is there as ever.
    private func gauges(_ screen: Screen, _ server: DemoServer) throws {
      try screen.press("2")
      try screen.wait(for: "both Ps") { lines in
        lines[1].contains("[2 Ps]")
          && ["P0", "P1"].allSatisfy { p in lines.contains { $0.contains("\(p) ") } }
      }
      try screen.press("3")
      try screen.wait(for: "all Gs") { lines in lines.count { $0.contains("netpollRead") } == 31 }
      try screen.press("4")
      let threads = try screen.wait(for: "the kernel's view, and why there is no account of times") { lines in
        lines.contains { $0.contains("sysmon") && $0.contains(" S ") }
          && lines.contains { $0.contains(Self.reason) }
      }
      #expect(!threads.contains { $0.contains("its time") })
      try screen.press("5")
      let steals = try screen.wait(for: "[5 Steals]")
      #expect(steals.contains { $0.contains("searches/s -") && $0.contains("found work -") }, "\(steals)")
      try screen.press("6")
      let sockets = try screen.wait(for: "peers, and why single polls are not known") { lines in
        lines.count { $0.contains(" 127.0.0.1:") } >= 20 && lines.contains { $0.contains(Self.reason) }
      }
      #expect(!sockets.contains { $0.contains("no poll has found anything") })
      // The rings are there, and nothing was written to them: these zeros are what the region says.
      try screen.press("0")
      try screen.wait(for: "the rings") { lines in
        lines.contains { $0.contains(Self.reason) }
          && lines.contains { $0.contains("P0 ") && $0.contains(" 0 ") }
      }
    }

    private func events(_ screen: Screen) throws {
      for (key, title) in [("7", "[7 Timeline]"), ("8", "[8 Latency]"), ("9", "[9 Events]")] {
        try screen.press(key)
        let lines = try screen.wait(for: "\(title), and why it is empty") { lines in
          lines[1].contains(title) && lines.contains { $0.contains(Self.reason) }
        }
        #expect(lines.count { $0.contains(Self.reason) } == 1)
        // Between the tabs and the keys there is that line and nothing else that could be a number.
        #expect(Self.zeros(Array(lines.dropFirst(2).dropLast())).isEmpty, "\(lines)")
      }
    }

    /// Each key of a step says why it does nothing, and the footer does not offer it.
    private func steps(_ screen: Screen) throws {
      for (screenKey, step) in [("1", "["), ("9", "]"), ("7", "[")] {
        try screen.press(screenKey)
        let before = try screen.wait(for: "the keys") { lines in
          Self.footer(lines).contains("q quit") && !Self.footer(lines).contains(Self.reason)
        }
        #expect(!Self.footer(before).contains("[ ]"))
        try screen.press(step)
        let after = try screen.wait(for: "the reason in the last row") { lines in
          Self.footer(lines).contains(Self.reason)
        }
        #expect(!after[0].contains("PAST") && !after[0].contains("PAUSED"))
      }
      // A stretch of time goes from one reading of the gauges to another, so it is possible.
      try screen.press("{")
      try screen.wait(for: "PAST")
      try screen.press("n")
      try screen.wait(for: "LIVE")
    }
  }
}
