// Instruments of real servers: what adds up under a flood, and when which lint reports.
import Foundation
import Inspector
import Region
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Instruments of a server") struct InstrumentsTests {
    /// Observes a server as a viewer does.
    private final class Viewer {
      private var sampler: Sampler
      init(_ server: DemoServer) throws {
        sampler = Sampler(
          try Inspector(server.regions.target(pid: server.pid)), history: HistoryLimits())
      }

      /// Waits until the instruments meet the condition; returns them with the gauges of the same frame.
      func wait(
        for what: String, _ condition: (Instruments) throws -> Bool
      ) throws -> (instruments: Instruments, snapshot: Snapshot) {
        var last = Instruments()
        return try eventually("\(what); last: \(last.findings), \(last.total.starts) starts") {
          _ = try sampler.step()
          let frame = try sampler.frame()
          guard let instruments = frame.instruments else { return nil }
          last = instruments
          return try condition(instruments) ? (instruments, frame.snapshot) : nil
        }
      }
    }

    private func flood(_ server: DemoServer) throws -> Program {
      try Program(
        Command(
          "curl", "-sS", "--parallel", "--parallel-max", "16", "-o", "/dev/null", server.url("/?[1-1000000]"))
      )
    }

    @Test("Under a flood everything adds up, and no lint complains; and so after its death")
    func flood() throws {
      let server = try DemoServer("--procs", "2")
      let viewer = try Viewer(server)
      let (idle, _) = try viewer.wait(for: "three seconds of nothing") { $0.recentTime > 3_000_000_000 }
      #expect(idle.findings.isEmpty, "\(idle.findings)")
      let curl = try flood(server)
      let (flooded, snapshot) = try viewer.wait(for: "a flood without complaints") {
        $0.total.starts > 20_000 && $0.findings.isEmpty && $0.pressure.measured > 0
      }
      let total = flooded.total
      #expect(total.spans[.runQueue].count == total.starts && snapshot.switches ?? 0 >= total.starts)
      #expect(total.spans[.netpoll].count > 1000 && total.spans[.netpoll].count <= total.starts)
      // Each start ended in a slice, except for Gs that run now. Gs that ran when observing began ended
      // slices without a start.
      #expect(abs(Int(total.starts) - Int(total.spans[.slice].count)) < 8)
      #expect(flooded.seconds.reduce(0) { $0 + $1.activity.starts } == total.starts)
      let watched = flooded.time - flooded.since
      for p in total.ps where snapshot.trace.lost == 0 {
        // The frame's moment and a lane's last moment may lie apart by as long as the reader was kept from
        // its CPU in between.
        let apart = abs(Int(p.total) - Int(watched))
        #expect(p[.unknown] == 0 && apart < Int(watched / 100), "\(p) of \(watched)")
      }
      #expect(total.ps.count == 2 && total.ms.allSatisfy { $0.running <= watched })
      // The matrix is read after the Ps, so it may count more tries.
      let tries = try #require(flooded.steals).pairs.compactMap(\.tries)
      #expect(
        tries.reduce(0, +) >= snapshot.ps.compactMap(\.stealTries).reduce(0, +) && tries.count > 0)

      server.program.signal(SIGKILL)
      _ = try server.program.wait()
      let target = try server.regions.blackBox(pid: server.pid)
      let player = try #require(Player(History.blackBox(target)))
      let dead = player.instruments
      #expect(dead.total.starts > 100 && dead.total.spans[.runQueue].count == dead.total.starts)
      #expect(dead.pressure.measured > 0 && dead.census.listed > 0)
      withExtendedLifetime(curl) {}
    }

    @Test(
      "While hogs keep others waiting, nothing is calm; and the wait for CPUs is told apart from that for Ps")
    func hogs() throws {
      let server = try DemoServer("--procs", "2")
      let hogs = try Program(
        Command(
          "curl", "-sS", "--parallel", "--parallel-max", "16", "-o", "/dev/null",
          server.url("/hog?ms=8000&n=[1-16]")))
      _ = try server.frame("sixteen hogs") {
        ($0.gs.byState["runnable"] ?? 0) + ($0.gs.byState["preempted"] ?? 0) >= 12
      }
      // More busy processes than the machine has CPUs.
      let others = try (0..<6).map { _ in try Program(Command("sh", "-c", "while :; do :; done")) }
      let viewer = try Viewer(server)
      let (hogged, _) = try viewer.wait(for: "pressure, and CPUs that are not to be had") {
        $0.pressure.measured > 1_000_000_000 && ($0.cpu?.share ?? 0) > 0.2
      }
      let pressure = hogged.pressure
      #expect(
        pressure.saturated > pressure.measured / 2 && pressure.calm < pressure.measured / 10, "\(pressure)")
      #expect(try #require(hogged.cpu).waited > 0)
      for program in others + [hogs] { program.signal(SIGKILL) }
    }

    @Test("A G that computes and never gives way is found, and so is a leak, with where it is")
    func trouble() throws {
      let server = try DemoServer("--procs", "1")
      let viewer = try Viewer(server)
      let curls = try [flood(server), Program(Command("curl", "-sS", server.url("/hog?ms=3000")))]
      _ = try viewer.wait(for: "a hog") { $0.findings.contains { $0.lint == "hog" && $0.g != nil } }
      for curl in curls { curl.signal(SIGKILL) }
      let (leaking, _) = try viewer.wait(for: "a leak") {
        if $0.census.listed < 2000 { _ = try server.get("/leak?n=2") }
        return $0.findings.contains { $0.lint == "growingSite" }
      }
      let finding = try #require(leaking.findings.first { $0.lint == "growingSite" })
      #expect(finding.entry?.contains("Scenarios.swift") == true, "\(finding)")
    }
  }
}
