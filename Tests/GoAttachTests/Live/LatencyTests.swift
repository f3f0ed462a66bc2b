// What only sampling tells: how long goroutines were ready, means, the collector.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

@Suite("What is sampled of Go programs", .serialized, .enabled(if: GoBuild.isThere))
struct LatencyTests {
  private static let some = GoBuild.plain

  @Test("Under a storm there is a latency, a mean and a number of looks", arguments: some)
  func storm(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-storm 6 -receive 9 -select 4")
    let source = try GoSource(pid: crowd.pid)
    _ = try source.snapshot()
    usleep(1_300_000)
    let look = try source.snapshot()
    let sampled = try #require(look.sampled)
    let latency = try #require(sampled.runLatency)
    #expect(latency.count > 1000 && latency.p50 > 0 && latency.p50 <= latency.p90)
    #expect(latency.p90 <= latency.p99 && latency.p99 <= latency.max)
    #expect((sampled.looks ?? 0) > 20 && (sampled.lookTime ?? 0) > 0)
    #expect(
      look.ps.contains { ($0.lrqMean ?? 0) > 1 }
        && look.ps.allSatisfy { ($0.lrqMean ?? 0) <= Double($0.lrqMax ?? 0) })
    #expect(sampled.waits?["chan receive"] == 9 && sampled.waits?["select"] == 4)
    #expect((sampled.systemGs ?? 0) >= 3 && sampled.mutexWait != nil)
    // Go 1.21 keeps no such histograms; a stripped program does not tell where the collector's numbers are.
    #expect((sampled.stopsForGC != nil) == (source.program.version.minor >= 22))
    #expect((sampled.gcPhase != nil) == !build.isStripped && (sampled.heapGoal != nil) == build.hasDWARF)
    #expect((look.gs.created != nil) == (source.program.version.minor >= 26))
    let facts: [(String, Bool)] = [
      ("latency", sampled.runLatency != nil), ("mutex-wait", sampled.mutexWait != nil),
      ("stops", sampled.stopsForGC != nil), ("spawns", look.gs.created != nil),
      ("phase", sampled.gcPhase != nil), ("goal", sampled.heapGoal != nil),
    ]
    print("go-table \(build) shows \(facts.filter(\.1).map(\.0).joined(separator: " "))")
  }
}
