// Programs that change under the reader: the number of Ps, goroutines by the thousand, the end.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Host
@testable import Observed

@Suite("Go programs that change", .serialized, .enabled(if: GoBuild.isThere))
struct ChurnTests {
  private static let some = GoBuild.all.filter { $0.way == "default" || $0.way == "stripped" }

  @Test("While GOMAXPROCS changes and goroutines come and go, every look is plausible", arguments: some)
  func churn(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-storm 8 -receive 100 -churn")
    let source = try GoSource(pid: crowd.pid)
    var (numbers, switches): (Set<Int>, UInt64) = ([], 0)
    for _ in 0..<300 {
      let look = try source.snapshot()
      numbers.insert(look.procs)
      #expect((1...8).contains(look.procs) && look.ps.count == look.procs)
      #expect(look.ps.allSatisfy { (0...256).contains($0.lrq ?? -1) })
      #expect((look.grq ?? -1) >= 0 && look.gs.live > 100)
      #expect(look.switches.map { $0 >= switches } ?? false)
      switches = look.switches ?? 0
      usleep(1000)
    }
    #expect(numbers.count > 2)
  }

  @Test("The end of a program is seen, and its last look stays", arguments: some.prefix(2))
  func end(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 100")
    let source = try GoSource(pid: crowd.pid)
    let last = try source.snapshot()
    #expect(try source.ending() == nil)
    crowd.program.signal(SIGKILL)
    try crowd.program.wait()
    #expect(try source.ending() == .told("ended; a Go program leaves no word of how"))
    #expect(try source.snapshot() == last)
    #expect(throws: InspectorError.noSuchProcess(pid: crowd.pid)) { try GoSource(pid: crowd.pid) }
  }

  @Test("The fast loop sees depths that single looks miss", arguments: some.prefix(2))
  func fastLoop(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-storm 4")
    let source = try GoSource(pid: crowd.pid)
    usleep(1_000_000)
    let peaks = try #require(try source.peaks(since: monotonicNow() - 1_000_000_000))
    #expect((peaks.lrq.max() ?? 0) > 50)
    let look = try source.snapshot()
    #expect(look.ps.contains { ($0.lrqMax ?? 0) > 50 })
  }
}
