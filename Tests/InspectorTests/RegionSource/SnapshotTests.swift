import Region
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Snapshot of a region")
struct SnapshotTests {
  @Test("the Gs of each state are what entered it minus what left it, over all lanes")
  func statesAreSums() throws {
    let region = RegionFixture()
    let (p0, p1, m2) = (0, 1, region.lane(m: 2))
    region.count(.created, on: p0, by: 10)
    region.count(.created, on: m2, by: 2)
    region.count(.started, on: p0, by: 9)
    region.count(.started, on: p1, by: 8)
    region.count(.yielded, on: p1, by: 1)
    region.count(.parked, on: p0, reason: .netpollRead, by: 5)
    region.count(.readied, on: m2, reason: .netpollRead, by: 3)
    region.count(.parked, on: p1, reason: .netpollWrite, by: 2)
    region.count(.parked, on: p1, reason: .sleep, by: 3)
    region.count(.readied, on: p0, reason: .sleep, by: 3)
    region.count(.exited, on: p1, by: 4)

    let gs = try region.snapshot().gs

    #expect(gs.created == 12 && gs.exited == 4 && gs.live == 8)
    #expect(gs.running == 17 - 1 - 10 - 4)
    #expect(gs.runnable == 12 + 1 + 6 - 17)
    #expect(gs.waiting == [.netpollRead: 2, .netpollWrite: 2])
    #expect(gs.sumOfStates == gs.live)
  }

  @Test("Gs parked on netpoll are those that wait to read and those that wait to write")
  func netpoll() throws {
    let region = RegionFixture()
    region.count(.parked, on: 0, reason: .netpollRead, by: 7)
    region.count(.parked, on: 1, reason: .netpollWrite, by: 2)
    region.count(.parked, on: 1, reason: .signal, by: 1)
    region[SchedField.netpollFds] = 12
    region[SchedField.netpollWakeups] = 34
    region[SchedField.netpollReadied] = 56
    region[SchedField.netpollBackend] = region.raw(NetpollKind.ioUring)
    region[SchedField.netpollRearms] = 78
    region[SchedField.netpollSysmonPolls] = 90

    let snapshot = try region.snapshot()

    #expect(snapshot.netpoll.parked == 9)
    #expect(snapshot.netpoll.fds == 12)
    #expect(snapshot.netpoll.wakeups == 34 && snapshot.netpoll.readied == 56)
    #expect(snapshot.netpoll.backend == .ioUring)
    #expect(snapshot.netpoll.rearms == 78 && snapshot.netpoll.sysmonPolls == 90)
    #expect(snapshot.gs.waiting(in: .signal) == 1)
  }

  @Test("a P's row tells its M, its G by name, its queue, and the Gs that it started")
  func pRow() throws {
    let region = RegionFixture()
    region[PField.status, 1] = region.raw(PStatus.running)
    region[PField.m, 1] = 3
    region[PField.g, 1] = 42
    region[PField.entry, 1] = region.intern("serve at Server.swift:31")
    region[PField.lrqHead, 1] = UInt64.max - 4  // positions wrap
    region[PField.lrqTail, 1] = 12
    region[PField.runnext, 1] = 5
    region[PField.stealTries, 1] = 77
    region[PField.timers, 1] = 3
    region.count(.started, on: 1, by: 9)

    let snapshot = try region.snapshot()
    let p = snapshot.ps[1]

    #expect(p.id == 1 && p.status == .running && p.m == 2 && p.g == 42)
    #expect(p.entry == "serve at Server.swift:31")
    #expect(p.lrq == 17 && p.runnext == true && p.ticks == 9 && p.stealTries == 77)
    #expect(snapshot.timers == 3 && snapshot.switches == 9)
    let idle = snapshot.ps[0]
    #expect(idle.m == nil && idle.g == nil && idle.entry == nil && idle.runnext == false && idle.lrq == 0)
  }

  @Test("a P without a G has no entry, though the last G's still stands in its block")
  func staleEntry() throws {
    let region = RegionFixture()
    region[PField.entry, 0] = region.intern("gone at Main.swift:1")

    #expect(try region.snapshot().ps[0].entry == nil)
  }

  @Test("a P's idle and spinning time include the stretch that it is in")
  func timesOfP() throws {
    let region = RegionFixture()
    let second: UInt64 = 1_000_000_000
    let now = monotonicNow()
    (region[PField.since, 0], region[PField.idleTicks, 0]) = (now - 2 * second, 5 * second)
    region[PField.spinTicks, 0] = second
    region[PField.status, 1] = region.raw(PStatus.running)
    (region[PField.since, 1], region[PField.idleTicks, 1]) = (now - 2 * second, 5 * second)
    for p in [0, 1] { region[PField.made, p] = now - 10 * second }
    region[PField.callTicks, 0] = second

    let snapshot = try region.snapshot()

    let sinceThen = snapshot.time - now
    #expect(snapshot.ps[0].idleTime == 7 * second + sinceThen && snapshot.ps[0].spinTime == second)
    #expect(snapshot.ps[1].idleTime == 5 * second && snapshot.ps[1].spinTime == 0)
    #expect(snapshot.ps[0].callTime == second && snapshot.ps[0].runTime == second)
    #expect(snapshot.ps[1].callTime == 0 && snapshot.ps[1].runTime == 5 * second + sinceThen)
  }

  @Test("both ends of every steal are counted, and add up")
  func steals() throws {
    let region = RegionFixture(procs: 3)
    func steal(_ thief: Int, from victim: Int, hits: UInt64, gs: UInt64) {
      region[StealField.hits, thief * Capacity.ps + victim] = hits
      region[StealField.gs, thief * Capacity.ps + victim] = gs
    }
    steal(0, from: 1, hits: 4, gs: 40)
    steal(0, from: 2, hits: 1, gs: 1)
    steal(2, from: 1, hits: 5, gs: 9)

    let ps = try region.snapshot().ps

    #expect(ps.map(\.stealsIn) == [5, 0, 5])
    #expect(ps.map(\.stealsOut) == [0, 9, 1])
    #expect(ps.map(\.stolenGs) == [41, 0, 9])
  }

  @Test("threads that have left, and slots never used, are not among the Ms")
  func mTable() throws {
    let region = RegionFixture(ms: 5)
    region[MField.state, 0] = region.raw(MState.running)
    region[MField.p, 0] = 2
    region[MField.g, 0] = 42
    region[MField.state, 1] = region.raw(MState.exited)
    region[MField.state, 2] = region.raw(MState.none)
    region[MField.state, 3] = region.raw(MState.sysmon)

    let ms = try region.snapshot().ms

    #expect(ms.map(\.id) == [0, 3, 4])
    #expect(ms.map(\.state) == [.running, .sysmon, .parked])
    #expect(ms.map(\.tid) == [1000, 1003, 1004])
    #expect(ms[0].p == 1 && ms[0].g == 42 && ms[2].p == nil && ms[2].g == nil)
  }

  @Test("a queue's maximum is the largest depth since the last snapshot, and not an older one")
  func peaks() throws {
    let region = RegionFixture()
    let source = try region.source()
    let now = monotonicNow()
    Peaks.note(64, at: now, in: { region.word(PField.lrqPeaks, 0, $0) })
    Peaks.note(900, at: now, in: { region.word(SchedField.grqPeaks, 0, $0) })
    Peaks.note(200, at: now - 3_000_000_000, in: { region.word(PField.lrqPeaks, 1, $0) })
    region[SchedField.grqDepth] = 3

    let snapshot = try source.snapshot()

    #expect(snapshot.ps.map(\.lrqMax) == [64, 0])
    #expect(snapshot.grq == 3 && snapshot.grqMax == 900)
  }

  @Test("a queue's maximum is at least what is in it")
  func peakCoversNow() throws {
    let region = RegionFixture()
    region[PField.lrqTail, 0] = 17
    region[SchedField.grqDepth] = 4

    let snapshot = try region.snapshot()

    #expect(snapshot.ps[0].lrqMax == 17 && snapshot.grqMax == 4)
  }

  @Test("the target says its name, pid, state and uptime")
  func target() throws {
    let region = RegionFixture()
    region[HeaderField.clockNanoseconds0] = monotonicNow() - 5_000_000_000

    let snapshot = try region.snapshot()

    #expect(snapshot.target.name == "mpg-demo" && snapshot.target.pid == region.process.pid)
    #expect(snapshot.target.state == .live && snapshot.procs == 2)
    #expect(snapshot.uptime >= 5_000_000_000 && snapshot.uptime < 3_600_000_000_000)
  }

  @Test("foreign names cannot steer a terminal")
  func namesAreClean() throws {
    let region = RegionFixture()
    region.name = "evil\u{1b}[2J\u{202e}x"
    region[PField.g, 0] = 1
    region[PField.entry, 0] = region.intern("go\u{7}\nhome")

    let snapshot = try region.snapshot()

    #expect(snapshot.target.name == "evil·[2J·x")
    #expect(snapshot.ps[0].entry == "go··home")
  }
}
