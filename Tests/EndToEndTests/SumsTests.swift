// Frames of a flooded server are of one instant, nearly all of them, and those that say so add up.
import Foundation
import Testing

extension EndToEnd {
  @Suite("Sums") struct SumsTests {
    /// Curls that go on until nobody wants them any more.
    private static func flood(_ server: DemoServer) throws -> [Program] {
      try ["/?[1-1000000]", "/about?[1-1000000]"].map { path in
        try Program(
          Command(
            "curl", "-sS", "--max-time", "300", "--parallel", "--parallel-max", "32", "-o", "/dev/null",
            server.url(path)))
      }
    }

    @Test("Most frames of a flooded server are consistent, and all of these add up", arguments: [2, 4])
    func sums(_ procs: Int) throws {
      let server = try DemoServer("--procs", "\(procs)")
      let curls = try Self.flood(server)
      let viewer = try Viewer(of: server)
      try viewer.wait(for: 1001, within: 240)
      let frames = try viewer.frames().dropFirst()
      #expect(curls.allSatisfy { $0.ending == nil }, "the flood lasts")
      #expect((frames.last?.switches ?? 0) - (frames.first?.switches ?? 0) > 10_000, "and is one")
      for frame in frames { frame.checkSums() }
      let consistent = frames.count(where: \.consistent)
      // How many depends on how often the system keeps a thread from its CPU in the middle of a move, and on how fast the
      // reader is: MPG_PROGRAMS, a folder of release builds, on a machine with nothing else to do, demands the 19 of 20.
      #expect(
        consistent * 20 >= frames.count * (Built.areReleases ? 19 : 10), "\(consistent) of \(frames.count)")
    }

    @Test("a P whose M is in a call is in a call: that time is not use")
    func calls() throws {
      let server = try DemoServer("--procs", "2")
      let viewer = try Viewer(of: server)
      let callers = try (0..<4).map { _ in
        try Program(
          Command("curl", "-sS", "--max-time", "60", "-o", "/dev/null", server.url("/block?ms=8&x=[1-200]")))
      }
      for caller in callers { #expect(try caller.wait() == .code(0)) }
      let frames = try viewer.frames()
      func sum(_ part: (Frame.P.Use) -> Int?) -> Int {
        frames.reduce(0) { $0 + $1.ps.reduce(0) { $0 + (part($1.use) ?? 0) } }
      }
      // Some of each call: from its beginning until sysmon takes the P.
      let (calls, all) = (sum(\.callsNs), sum(\.windowNs))
      #expect(calls > all / 20, "\(calls) ns in calls of \(all)")
    }
  }
}
