// States of the server that are known from outside, down to the last G and thread, and what mpgtop shows of
// them.
import Foundation
import Host
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Known truths") struct KnownTruthTests {
    @Test("500 idle connections and the listener are 501 Gs parked on netpoll")
    func idleConnections() throws {
      let server = try DemoServer()
      let connections = try (0..<500).map { _ in try HTTPConnection(port: server.port) }
      for connection in connections { #expect(try connection.get("/") == "Hello World") }

      let frame = try server.frame("501 Gs on netpoll") {
        $0.netpoll.parked >= 501 && $0.gs.byState["running"] == 0
      }
      #expect(frame.consistent)
      #expect(frame.netpoll.parked == 501)
      // The 502nd G waits for signals.
      #expect(frame.gs.live == 502)
      #expect(frame.gs.byState.filter { $0.value != 0 } == ["netpoll": 501, "signal": 1])
      #expect(frame.netpoll.fds == 502)
      #expect(frame.ps.allSatisfy { $0.lrq == 0 && $0.g == nil })
      frame.checkSums()
      withExtendedLifetime(connections) {}
    }

    @Test("The Ms are exactly the threads of the process, at rest and after work")
    func threads() throws {
      let server = try DemoServer("--procs", "2")
      func check(_ what: String) throws {
        // A thread may start between two looks. If none did, both lists must be equal.
        let (tids, frame) = try eventually(what) {
          let before = server.threads
          let frame = try server.frame()
          // A thread that has just started has not published its id yet.
          return before == server.threads && !frame.ms.contains { $0.tid == 0 } ? (before, frame) : nil
        }
        #expect(frame.ms.count == tids.count)
        #expect(Set(frame.ms.map(\.tid)) == tids)
        #expect(tids.contains(Int(server.pid)))
      }

      try check("at rest")
      _ = try server.get("/spawn?n=20000")
      _ = try server.get("/pipeline?n=200")
      try check("after work")
    }

    @Test("While 100,000 Gs come and go, created less exited is live, and the states add up to it")
    func spawn() throws {
      let server = try DemoServer("--procs", "2")
      let before = try server.frame("at rest") { $0.gs.live == 2 }
      let viewer = try Viewer(of: server)
      try viewer.wait(for: 1)

      let start = monotonicNow()
      var rounds = 0
      var seen: [Frame] = []
      while rounds == 0 || seen.count < 30 || !seen.contains(where: \.consistent) {
        #expect(try server.get("/spawn?n=100000") == "spawned and joined 100000 Gs\n")
        rounds += 1
        let end = monotonicNow()
        seen = try viewer.frames().filter { (start...end).contains($0.tNs) }
        guard rounds < 100 else { throw Broken("\(seen.count) frames in \(rounds) rounds") }
      }

      for frame in seen { frame.checkSums() }
      let after = try server.frame("at rest again") { $0.gs.live == 2 }
      // Each round creates the Gs that were asked for, and one for the connection that asked. In addition, at
      // most two for each answer that took long: one that watches all waiting handlers, and one that watches
      // whether this client is still there.
      let others = after.gs.created - before.gs.created - rounds * 100_001
      #expect((0...2 * rounds).contains(others))
      #expect(after.gs.exited - before.gs.exited == rounds * 100_001 + others)
      after.checkSums()
    }

    @Test("One P steals from nobody")
    func onePNeverSteals() throws {
      let server = try DemoServer("--procs", "1")
      let viewer = try Viewer(of: server)
      for _ in 0..<3 { _ = try server.get("/spawn?n=20000") }
      for path in ["/pipeline?n=100", "/sleep?ms=5", "/cpu?ms=5"] { _ = try server.get(path) }

      try viewer.wait(for: 5)
      for frame in try viewer.frames() + [server.frame()] {
        #expect(frame.procs == 1)
        #expect(frame.stealsIn == 0)
        #expect(frame.stealsOut == 0)
        #expect(frame.stolenGs == 0)
      }
    }

    @Test("Two Ps steal from each other, and every steal in is a steal out")
    func twoPsSteal() throws {
      let server = try DemoServer("--procs", "2")
      let viewer = try Viewer(of: server)
      let before = try server.frame()

      try eventually("steals") {
        _ = try server.get("/spawn?n=50000")
        let frame = try server.frame()
        return frame.stealsIn > before.stealsIn && frame.stolenGs > before.stolenGs
      }
      try viewer.wait(for: 5)
      for frame in try viewer.frames() {
        #expect(frame.stealsIn == frame.stealsOut)
        #expect(frame.stolenGs >= frame.stealsIn)
      }
    }
  }
}
