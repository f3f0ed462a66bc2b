import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed

@Suite("Lints")
struct LintTests {
  private let second: UInt64 = 1_000_000_000
  private let clock = Clock(first: (0, 0), second: (0, 0))

  /// Ten seconds of a busy, healthy server.
  private var healthy: Instruments {
    var instruments = Instruments()
    (instruments.time, instruments.recentTime) = (100 * second, 10 * second)
    instruments.recent.starts = 4_000_000
    (instruments.recent.steals, instruments.recent.stolenGs) = (150_000, 900_000)
    (instruments.recent.searches, instruments.recent.found) = (90_000, 60_000)
    (instruments.recent.preemptions, instruments.recent.preempted) = (2, [7: 1, 8: 1])
    (instruments.recent.polls, instruments.recent.sysmonPolls) = (500_000, 3)
    instruments.recent.ps = (0..<2).map { p in
      PTime(p: p, times: [1, 2, 6, 1, 0, 0].map { $0 * second })
    }
    for span in 1..<1000 { instruments.recent.spans.netpoll.record(UInt64(span) * 20_000) }
    instruments.census.time = 100 * second
    instruments.census.waiters = [
      Waiter(g: 3, state: .waiting, reason: .netpollRead, since: second, entry: nil),
      Waiter(g: 4, state: .runnable, reason: .none, since: 99 * second + 900_000_000, entry: nil),
    ]
    return instruments
  }

  /// The gauges of a server with two Ps and the runtime's own threads, whose other Ms rest.
  private var rested: Snapshot {
    var snapshot = Snapshot()
    snapshot.procs = 2
    snapshot.ps = (0..<2).map { id in
      var p = Snapshot.P()
      p.id = id
      return p
    }
    let states: [MState] = [.sysmon, .netpoll, .gc] + Array(repeating: .parked, count: 4)
    snapshot.ms = states.enumerated().map { id, state in
      var m = Snapshot.M()
      (m.id, m.state) = (id, state)
      return m
    }
    snapshot.gs.created = 3
    snapshot.gs.waiting = [.netpollRead: 3]
    return snapshot
  }

  /// The gauges of the same server under a flood that it bears: both Ps run Gs, and some wait for their turn.
  private var flooded: Snapshot {
    var snapshot = rested
    for id in 0..<2 {
      (snapshot.ps[id].status, snapshot.ps[id].m, snapshot.ps[id].g) = (.running, 3 + id, UInt64(10 + id))
      (snapshot.ms[3 + id].state, snapshot.ms[3 + id].p) = (.running, id)
    }
    snapshot.gs.created = 40
    (snapshot.gs.running, snapshot.gs.runnable, snapshot.gs.waiting) = (2, 8, [.netpollRead: 30])
    snapshot.grq = 1
    return snapshot
  }

  /// The names of the lints that report something; the gauges beside the instruments are those of a server that is well.
  private func lints(_ instruments: Instruments, _ snapshot: Snapshot? = nil) -> [String] {
    Lints.all.flatMap { $0.findings(in: instruments, snapshot ?? flooded) }.map(\.lint)
  }

  @Test("docs/json.md names every lint, and each has a test here in which it speaks")
  func namesAreTold() {
    let page = contents(of: "\(Built.repository)/docs/json.md").split(separator: "\n")
    let row = page.first { $0.hasPrefix("| `instruments.findings[].lint`") } ?? ""
    let tests = contents(of: #filePath)
    for name in LintName.allCases.map(\.rawValue) {
      #expect(row.contains("`\(name)`"), "docs/json.md")
      #expect(tests.lowercased().contains(name.lowercased()), "a test in which \(name) speaks")
    }
  }

  @Test("a server that does nothing, and one that is flooded but well, are not complained about")
  func noFalseAlarm() {
    var idle = Instruments()
    (idle.time, idle.recentTime) = (100 * second, 10 * second)
    idle.recent.ps = [PTime(p: 0, times: [10 * second, 0, 0, 0, 0, 0])]
    for snapshot in [rested, flooded, Snapshot()] {
      #expect(lints(idle, snapshot).isEmpty && lints(healthy, snapshot).isEmpty)
      #expect(lints(Instruments(), snapshot).isEmpty)
    }
  }

  @Test("a storm of steals, searches in vain and a late netpoll are each found, and nothing else is")
  func rates() {
    var storm = healthy
    storm.recent.steals = 2_500_000
    #expect(lints(storm) == ["stealStorm"])
    var vain = healthy
    (vain.recent.searches, vain.recent.found) = (90_000, 800)
    vain.recent.ps[0] = PTime(p: 0, times: [0, 2, 3, 5, 0, 0].map { $0 * second })
    #expect(lints(vain) == ["vainSpinning"])
    var late = healthy
    for _ in 0..<30 { late.recent.spans.netpoll.record(200_000_000) }
    #expect(lints(late) == ["netpollLate"])
    var unpolled = healthy
    unpolled.recent.sysmonPolls = 40
    #expect(lints(unpolled) == ["netpollLate"])
  }

  @Test("a hog is named, with how often it had to be stopped")
  func hog() throws {
    var instruments = healthy
    instruments.recent.preempted = [7: 1, 9: 30, 8: 4]
    let finding = try #require(Lints.all.flatMap { $0.findings(in: instruments, Snapshot()) }.first)
    #expect(finding.lint == "hog" && finding.g == 9 && finding.value == 30 && finding.threshold == 3)
    #expect(finding.message.hasPrefix("G9 had to be preempted 30 times in ten seconds, and 1 more like it"))
  }

  @Test("a hog is called by where it was spawned and what it works for")
  func hogByName() throws {
    var instruments = healthy
    instruments.recent.preempted = [9: 30]
    (instruments.census.entries, instruments.requests) = ([9: "serve at Server.swift:40"], [9: "GET /hog"])
    let finding = try #require(Lints.all.flatMap { $0.findings(in: instruments, Snapshot()) }.first)
    #expect(finding.entry == "serve at Server.swift:40" && finding.request == "GET /hog")
    #expect(
      finding.message.hasPrefix("G9 (serve at Server.swift:40, for GET /hog) had to be preempted 30 times"))
  }

  /// The last ten seconds of two Ps: G9 runs on P0, and P1 is idle.
  private func alone(busy: [UInt64], since: UInt64?, idle: UInt64 = 10) -> Instruments {
    var instruments = healthy
    instruments.recent.ps = [
      PTime(p: 0, times: [0, 0, 10, 0, 0, 0].map { $0 * second }),
      PTime(p: 1, times: [idle, 0, 10 - idle, 0, 0, 0].map { $0 * second }),
    ]
    for (index, time) in busy.enumerated() {
      var row = Second(number: 100 - UInt64(busy.count) + UInt64(index))
      row.activity.busy = [9: time, 8: 1000]
      instruments.seconds.append(row)
      instruments.recent.busy[9, default: 0] += time
    }
    if let since { instruments.running = [Running(p: 0, g: 9, since: since)] }
    instruments.requests[9] = "GET /cpu"
    return instruments
  }

  private func alone(_ instruments: Instruments) -> Finding? {
    var snapshot = Snapshot()
    snapshot.procs = 2
    return LoneRunner().findings(in: instruments, snapshot).first
  }

  @Test("one G that keeps a P busy beside an idle one: which, since when, and why nobody else may take it")
  func loneRunner() throws {
    let millisecond: UInt64 = 1_000_000
    // Five seconds of requests in a row, each about 0.4 s long.
    let requests = alone(busy: [0, 970, 980, 990, 960, 975].map { $0 * millisecond }, since: nil)
    let finding = try #require(alone(requests))
    #expect(finding.g == 9 && finding.request == "GET /cpu" && finding.value == 5e9)
    #expect(
      finding.message
        == "G9 (for GET /cpu) has kept a P busy for 5.00 s while P1 is idle: a G runs on one P at a time, so nobody else "
        + "may take its work; more Gs could")
    // One long run that no event has ended yet.
    let goes = try #require(alone(alone(busy: [], since: 93 * second)))
    #expect(goes.value == 7e9 && goes.message.contains("has kept P0 busy for 7.00 s"))
    // No finding if the run was long ago, if it has gaps, or if no P is idle.
    #expect(alone(alone(busy: [990, 990, 990, 0, 0].map { $0 * millisecond }, since: nil)) == nil)
    #expect(alone(alone(busy: [500, 500, 500, 500].map { $0 * millisecond }, since: nil)) == nil)
    #expect(alone(alone(busy: [], since: 93 * second, idle: 3)) == nil)
    #expect(alone(alone(busy: [], since: 99 * second)) == nil)
  }

  @Test("the meter knows what Gs that run long or are preempted work for")
  func labels() throws {
    let script = try Script(procs: 2)
    let label = UInt32(script.region.intern("GET /hog"))
    script.p(0, 1, .goStart, 7, arg: 1000)
    script.p(0, 1.1, .goLabel, 7, 1, count: label, arg: 900)
    script.p(0, 12, .goPreempt, 7, 1)
    script.p(1, 1, .goStart, 8, arg: 1000)
    script.p(1, 1.1, .goLabel, 8, 1, count: label, arg: 901)
    script.p(1, 300, .goLabel, 8, 0, arg: 0)
    script.p(1, 300.5, .goPark, 8, WaitReason.netpollRead.rawValue)
    script.p(0, 301, .goStart, 9, arg: 1000)
    let instruments = try script.player().instruments
    #expect(instruments.requests == [7: "GET /hog", 8: "GET /hog"])
    #expect(instruments.recent.busy[8] == 299_500_000 && instruments.recent.busy[7] == 11_000_000)
    #expect(instruments.running.map(\.g) == [9])
  }

  /// A row of the G table.
  private func row(_ id: UInt64, _ state: GState, since: UInt64, entry: UInt64 = 0) -> GoroutineRow {
    var row = GoroutineRow(id: id, state: state, reason: state == .waiting ? .chanReceive : .none)
    (row.since, row.entry) = (since, entry)
    return row
  }

  /// A function of its own, because the test macros cannot call a mutating method.
  private func take(_ taker: inout CensusTaker, _ rows: [GoroutineRow], at time: UInt64) -> Census {
    taker.take(rows, at: time, clock, StringBook(), isComplete: true)
    return taker.latest
  }

  @Test("a G that has been runnable for a second starves; one that waits for a channel does not")
  func starving() throws {
    var taker = CensusTaker()
    var instruments = healthy
    let rows = [
      row(1, .waiting, since: second), row(2, .runnable, since: 98 * second), row(3, .running, since: 1),
    ]
    instruments.census = take(&taker, rows, at: 100 * second)
    let finding = try #require(Lints.all.flatMap { $0.findings(in: instruments, Snapshot()) }.first)
    #expect(finding.lint == "starvingG" && finding.g == 2 && finding.value == 2e9)
    #expect(finding.message == "G2 has been runnable for 2.00 s")
  }

  @Test("the census counts Gs by site and keeps the oldest few of each reason")
  func census() throws {
    var taker = CensusTaker()
    let rows =
      (1...20).map { row(UInt64($0), .waiting, since: UInt64(100 - $0), entry: 5) }
      + (21...23).map { row(UInt64($0), .runnable, since: UInt64($0), entry: 6) }
    let census = take(&taker, rows, at: second)
    #expect(census.listed == 23 && census.isComplete && census.sites.map(\.count) == [20, 3])
    #expect(census.sites.map(\.oldest) == [20, 21] && census.sites.map(\.growth) == [0, 0])
    #expect(census.waiters.map(\.g) == [21, 22, 23, 20, 19, 18, 17, 16])
    #expect(census.oldestRunnable?.g == 21)
  }

  @Test("a site whose Gs become more and more is found after ten seconds; a server that fills up is not")
  func growing() throws {
    var (leaking, filling) = (CensusTaker(), CensusTaker())
    var instruments = healthy
    for step in UInt64(0)...7 {
      let time = 50 * second + step * 2 * second
      let leaked = (0..<step * 30).map { row($0 + 1, .waiting, since: 40 * second, entry: 5) }
      instruments.census = take(&leaking, leaked, at: time)
      #expect(lints(instruments) == (step >= 6 ? ["growingSite"] : []))
      // Their number grows as fast, but every one of them does something every other second.
      let busy = (0..<step * 30).map { row($0 + 1, .waiting, since: time - second, entry: 5) }
      instruments.census = take(&filling, busy, at: time)
      #expect(lints(instruments).isEmpty)
    }
    #expect(leaking.latest.sites[0].growth == 15 && leaking.latest.sites[0].grownBy == 180)
    instruments.census = take(&leaking, [row(1, .waiting, since: 40 * second, entry: 5)], at: 70 * second)
    #expect(lints(instruments).isEmpty)
  }

  // MARK: sampled schedulers

  /// Instruments of a sampled scheduler, last looked at in second 100.
  private func sampled(_ change: (inout Sightings) -> Void) -> Instruments {
    var instruments = Instruments()
    var sightings = Sightings()
    sightings.time = 100 * second
    change(&sightings)
    instruments.sightings = sightings
    return instruments
  }

  private func convoy(
    _ waiters: Int, fewest: Int, since: UInt64, looks: Int, crowded: Int? = nil, oldestSince: UInt64 = 99
  ) -> Sightings.Convoy {
    Sightings.Convoy(
      place: "main.get at cache.go:41", words: "sync.Mutex.Lock", waiters: waiters, fewest: fewest, oldest: 7,
      oldestSince: oldestSince * second, since: since * second, until: 100 * second, looks: looks,
      crowded: crowded ?? looks)
  }

  @Test("a convoy at one lock is found when it has lasted; a short queue, or one that was empty once, is not")
  func convoys() throws {
    let long = sampled { $0.convoys = [convoy(30, fewest: 20, since: 90, looks: 9)] }
    let finding = try #require(Convoy().findings(in: long, flooded).first)
    #expect(finding.lint == "convoy" && finding.g == 7 && finding.value == 20 && finding.threshold == 8)
    #expect(
      finding.message
        == "30 Gs wait for sync.Mutex.Lock in main.get at cache.go:41, at each of 9 looks in 10.0 s at least 20; G7 has "
        + "waited longest, at least 1.00 s: they get it one by one")
    for none in [
      convoy(30, fewest: 7, since: 90, looks: 9), convoy(30, fewest: 20, since: 97, looks: 9),
      convoy(30, fewest: 20, since: 90, looks: 2),
    ] {
      #expect(lints(sampled { $0.convoys = [none] }).isEmpty)
    }
    var wide = flooded
    wide.procs = 64
    #expect(lints(long, wide).isEmpty)
    let interrupted = convoy(30, fewest: 20, since: 60, looks: 25, crowded: 13, oldestSince: 50)
    #expect(
      Convoy().findings(in: sampled { $0.convoys = [interrupted] }, flooded).first?.message
        == "30 Gs waited for sync.Mutex.Lock in main.get at cache.go:41, at 13 of 25 looks in 40.0 s at least 20; G7 waited "
        + "longest, at least 50.0 s: they get it one by one")
  }

  @Test(
    "a locked hog never waits, and for half of the time its thread has a CPU, or would have one on a machine less full"
  )
  func lockedHog() throws {
    func busy(_ ran: UInt64, waited: UInt64 = 0, since: UInt64 = 90, looks: Int = 40) -> Instruments {
      sampled {
        $0.busyThreads = [
          Sightings.BusyThread(
            m: 4, g: 9, since: since * second, until: 100 * second, looks: looks, ran: ran * second,
            waited: waited * second)
        ]
      }
    }
    let finding = try #require(LockedHog().findings(in: busy(8), flooded).first)
    #expect(finding.g == 9 && finding.value == 0.8 && finding.message.contains("locked to the thread of M4"))
    #expect(lints(busy(4)).isEmpty && lints(busy(8, looks: 5)).isEmpty && lints(busy(3, since: 97)).isEmpty)
    let starved = try #require(LockedHog().findings(in: busy(2, waited: 7), flooded).first)
    #expect(
      starved.value > 0.89 && starved.message.hasSuffix("on a CPU for 20% of it, and waited for one for 70%"))
  }

  @Test("a stuck socket is told with who waits, or with who read it before")
  func stuckSocket() throws {
    func stuck(
      _ kind: Sightings.StuckSocket.Kind, g: UInt64?, since: UInt64 = 92, looks: Int = 5
    ) -> Instruments {
      var socket = Socket()
      (socket.local, socket.peer) = ("10.0.0.1:80", "10.0.0.2:9")
      return sampled {
        $0.stuckSockets = [
          Sightings.StuckSocket(
            kind: kind, fd: 8, socket: socket, bytes: 4096, g: g, words: "sync.Mutex.Lock",
            since: since * second,
            looks: looks)
        ]
      }
    }
    func message(_ instruments: Instruments) -> String {
      StuckSocket().findings(in: instruments, flooded).first?.message ?? ""
    }
    #expect(
      message(stuck(.unheard, g: 5))
        == "4,096 bytes have lain in fd 8 (10.0.0.1:80 to 10.0.0.2:9) for at least 8.00 s, and G5 waits to read them: it was "
        + "not told")
    #expect(
      message(stuck(.unread, g: 5, since: 90, looks: 9)).hasSuffix(
        "no G waits to read them; G5, which read it before, waits for sync.Mutex.Lock"))
    #expect(message(stuck(.unread, g: 5)).isEmpty)
    #expect(message(stuck(.unread, g: nil)).isEmpty)
    #expect(
      message(stuck(.unread, g: nil, since: 90, looks: 9))
        == "the same 4,096 bytes lay in fd 8 (10.0.0.1:80 to 10.0.0.2:9) at each of 9 looks in 10.0 s, and no G waits to "
        + "read them")
    #expect(message(stuck(.untaken, g: 5)).contains("the other end has not taken 4,096 bytes"))
    #expect(lints(stuck(.unread, g: 5, since: 96)).isEmpty)
  }

  @Test("a program is throttled from a tenth of the periods on")
  func throttled() throws {
    func quota(_ throttled: UInt64, of periods: UInt64) -> Instruments {
      var instruments = Instruments()
      var quota = CPUQuota(group: "/app", cpus: 1.5)
      (quota.window, quota.periods, quota.throttled) = (10 * second, periods, throttled)
      instruments.quota = quota
      return instruments
    }
    let finding = try #require(Throttled().findings(in: quota(40, of: 100), flooded).first)
    #expect(
      finding.message
        == "all threads were stopped in 40% of the periods of the last 10.0 s: group /app may use 1.5 CPUs, and there are 2 Ps"
    )
    #expect(lints(quota(9, of: 100)).isEmpty && lints(quota(5, of: 10)).isEmpty)
  }
}
