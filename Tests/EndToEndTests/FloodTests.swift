// The main scenario: real curls flood a real server while a real mpgtop observes it.
import Foundation
import Host
import TestSupport
import Testing

/// The requests and connections of some curls.
private struct Flood {
  var requests = 0
  var connections = 0

  /// Runs two curls at once to their end, each with many requests over several connections.
  mutating func wave(_ server: DemoServer) throws {
    let curls = try ["/?[1-2000]", "/about?[1-2000]"].map { path in
      try Program(
        Command(
          "curl", "-sS", "--max-time", "60", "--parallel", "--parallel-max", "32", "-o", "/dev/null",
          "-w", "%{http_code} %{num_connects}\\n", server.url(path)))
    }
    for curl in curls {
      let ending = try curl.wait(within: 120)
      #expect(ending == .code(0), "\(curl.errors)")
      let answers = curl.output.split(separator: "\n").map { $0.split(separator: " ") }
      #expect(answers.count == 2000)
      #expect(answers.allSatisfy { $0[0] == "200" })
      requests += answers.count
      connections += answers.compactMap { Int($0[1]) }.reduce(0, +)
    }
  }
}

extension EndToEnd {
  @Suite("A flood of curls") struct FloodTests {
    @Test("Every number that mpgtop shows agrees with what the curls and the server counted")
    func numbersAgree() throws {
      let server = try DemoServer("--procs", "2")
      let before = try (server.statistics(), server.frame("idle") { $0.gs.live == 2 })
      let viewer = try Viewer(of: server)
      try viewer.wait(for: 1)
      let start = monotonicNow()

      var flood = Flood()
      var seen: [Frame] = []
      while seen.count < 100 || seen.count(where: \.consistent) < 10 {
        try flood.wave(server)
        let end = monotonicNow()
        seen = try viewer.frames().filter { (start...end).contains($0.tNs) }
        guard flood.requests < 400_000 else { throw Broken("\(seen.count) frames, too few consistent ones") }
      }

      for frame in seen { frame.checkSums() }
      let after = try (server.statistics(), server.frame("idle again") { $0.gs.live == 2 })
      func grown(_ name: String) -> Int { (after.0[name] ?? 0) - (before.0[name] ?? 0) }
      // Reading the counters is itself a request on its own connection. The first reading was counted only
      // after its answer.
      #expect(grown("requests") == flood.requests + 1)
      #expect(grown("connections_accepted") == flood.connections + 1)
      #expect(grown("connections_refused") == 0)
      // The server created one G for each connection and no others.
      #expect(after.1.gs.created - before.1.gs.created == flood.connections + 1)
      #expect(after.1.gs.exited - before.1.gs.exited == flood.connections + 1)
      #expect(try server.stop() == .code(0))
    }

    @Test("Counters never run backwards, and time does not either")
    func countersOnlyGrow() throws {
      let server = try DemoServer("--procs", "2")
      let viewer = try Viewer(of: server)
      var flood = Flood()
      try flood.wave(server)
      try viewer.wait(for: 20)

      let frames = try viewer.frames()
      for (earlier, later) in zip(frames, frames.dropFirst()) {
        #expect(earlier.tNs < later.tNs)
        #expect(earlier.gs.created <= later.gs.created)
        #expect(earlier.gs.exited <= later.gs.exited)
        #expect(earlier.switches <= later.switches)
        #expect(earlier.stealsIn <= later.stealsIn)
        #expect(zip(earlier.ps, later.ps).allSatisfy { $0.ticks <= $1.ticks })
      }
      #expect(frames.allSatisfy { $0.schema == "mpgtop/1" && $0.pid == server.pid && $0.ended == nil })
    }
  }
}
