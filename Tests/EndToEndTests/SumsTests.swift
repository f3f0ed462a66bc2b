// Nearly all frames of a flooded server are of one instant, and the frames that claim to be add up.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Sums") struct SumsTests {
    /// Curls that send requests for as long as they are kept.
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
      // The share of consistent frames depends on how often the kernel keeps a thread from its CPU in the
      // middle of a move, and on the reader's speed. With release builds (MPG_PROGRAMS) on an otherwise idle
      // machine, 19 of 20 are demanded.
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
      // A part of each call counts: the time until sysmon takes the P.
      let (calls, all) = (sum(\.callsNs), sum(\.windowNs))
      #expect(calls > all / 20, "\(calls) ns in calls of \(all)")
    }
  }
}
