// Programs that change under the reader: the number of Ps, goroutines by the thousand, the end.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Host
@testable import Observed

@Suite("Go programs that change", .serialized, .enabled(if: GoBuild.isThere))
struct ChurnTests {
  private static let some = GoBuild.plain

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

  @Test(
    "A million goroutines come and go, and those that stay are counted right at each look", arguments: some)
  func million(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-storm 8 -receive 100 -select 50 -sleep 30")
    let source = try GoSource(pid: crowd.pid)
    let first = try source.snapshot()
    let (switches, created) = (try #require(first.switches), first.gs.created)
    let deadline = monotonicNow() + 60_000_000_000
    var (looks, now) = (0, first)
    while (now.switches ?? 0) - switches < 1_000_000, monotonicNow() < deadline {
      now = try source.snapshot()
      looks += 1
      expectParked(now)
      // Eight storms of a hundred, and a g that was read twice as two goroutines at most.
      #expect(now.gs.live >= 182 && now.gs.live < 182 + 2 * 8 * 101, "\(now.gs)")
    }
    #expect((now.switches ?? 0) - switches >= 1_000_000 && looks > 20)
    if let created { #expect((now.gs.created ?? 0) > created + 500_000) }
    // What a list takes does not grow with what has come and gone.
    #expect(try source.look().count < 10_000)
  }

  /// Those that wait are found in each look, whatever goes on beside them. One whose stack is being moved is in no state
  /// that is shown, for a moment.
  private func expectParked(_ look: Snapshot) {
    let waits = look.sampled?.waits ?? [:]
    #expect((97...100).contains(waits["chan receive"] ?? 0), "\(waits)")
    #expect((47...50).contains(waits["select"] ?? 0) && (27...30).contains(waits["sleep"] ?? 0), "\(waits)")
  }

  @Test(
    "While garbage is collected all the time, states are told without the collector's marks", arguments: some)
  func collecting(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-collect -storm 2 -receive 100 -select 50 -sleep 30")
    let source = try GoSource(pid: crowd.pid)
    var (phases, stops): (Set<String>, UInt64) = ([], 0)
    for _ in 0..<300 {
      let look = try source.snapshot()
      expectParked(look)
      #expect(look.ps.count == look.procs && look.ps.allSatisfy { (0...256).contains($0.lrq ?? -1) })
      if let phase = look.sampled?.gcPhase { phases.insert("\(phase)") }
      let now = look.sampled?.stopsForGC ?? 0
      #expect(now >= stops)
      stops = now
      usleep(1000)
    }
    // More than one phase was met, where the program tells it.
    #expect(build.isStripped ? phases.isEmpty : phases.count > 1, "\(phases)")
    #expect(source.program.version.minor < 22 || stops > 0)
  }

  @Test("Five thousand Ms are listed, each with its own thread", arguments: some.suffix(2))
  func manyThreads(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-wired 5000 -storm 2")
    let source = try GoSource(pid: crowd.pid)
    var slowest: UInt64 = 0
    for _ in 0..<5 {
      let start = monotonicNow()
      let look = try source.snapshot()
      slowest = max(slowest, monotonicNow() - start)
      let tids = look.ms.compactMap(\.tid)
      let threads = Set(try listing(of: "/proc/\(crowd.pid)/task", limit: 20_000).compactMap { Int32($0) })
      #expect(look.ms.count >= 5000 && Set(look.ms.map(\.id)).count == look.ms.count)
      #expect(Set(tids).count == tids.count && Set(tids).subtracting(threads).count < 5)
      #expect(look.sampled?.waits?["chan receive"] == 5000)
    }
    print("go-churn \(build): 5,000 Ms in at most \(slowest / 1000) µs")
    guard GoBuild.hasViewer else { return }
    let shown = try Program.run(Command(Built.mpgtop, "--json", "-n", "2", "-d", "0.5", "\(crowd.pid)"))
    #expect(shown.ending == .code(0) && shown.output.contains(#""chan receive":5000"#), "\(shown.errors)")
  }

  @Test(
    "A program that is stopped is shown as it stands, and its threads as stopped",
    .enabled(if: GoBuild.hasViewer), arguments: some.suffix(2))
  func stopped(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-storm 4 -receive 100")
    let viewer = try Program(Command(Built.mpgtop, "--json", "-d", "0.2", "\(crowd.pid)"))
    try eventually("it is watched") { viewer.output.contains("\n") }
    crowd.program.signal(SIGSTOP)
    let before = viewer.output.split(separator: "\n").count
    try eventually("it was seen stopped") { viewer.output.split(separator: "\n").count > before + 10 }
    let frames = viewer.output.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    // Nothing moves, and the program is neither over nor said to be.
    let counts = Set(frames.suffix(4).map { $0["switches"] as? Int })
    #expect(counts.count == 1 && viewer.ending == nil && frames.last?["ended"] is NSNull)
    crowd.program.signal(SIGCONT)
    let still = viewer.output.split(separator: "\n").count
    try eventually("it goes on") {
      viewer.output.split(separator: "\n").dropFirst(still).contains { line in
        let frame = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return (frame?["switches"] as? Int ?? 0) > (counts.first.flatMap(\.self) ?? 0)
      }
    }
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
