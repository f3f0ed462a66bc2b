// Frames of an imaginary scheduler with plausible numbers. The golden pictures are drawn from these frames.
import Inspector
import Region

enum Fixtures {
  /// A small server with many idle connections and two Ps, one of which searches for work.
  static func calm() -> Frame {
    var snapshot = Snapshot.beginning(target: .init(pid: 4242, name: "mpg-demo", bootTime: 1))
    snapshot.time = 754_300_000_000
    snapshot.procs = 2
    snapshot.ps = [
      lane(0, .running, m: 3, g: 1042, lrq: 17, max: 64, next: true, steals: (31, 4)),
      lane(1, .spinning, m: 4, g: nil, lrq: 0, max: 12, next: false, steals: (4, 31)),
    ]
    snapshot.ps[0].entry = "serve(connection:) at Server.swift:88"
    snapshot.ms = threads([.parked, .sysmon, .gc, .running, .spinning, .netpoll, .parked])
    (snapshot.ms[3].p, snapshot.ms[3].g, snapshot.ms[4].p) = (0, 1042, 1)
    snapshot.gs.created = 61_530
    snapshot.gs.exited = 61_005
    snapshot.gs.running = 1
    snapshot.gs.runnable = 18
    snapshot.gs.waiting = [.netpollRead: 500, .netpollWrite: 1, .chanReceive: 2, .sleep: 3]
    snapshot.grq = 0
    snapshot.grqMax = 40
    snapshot.timers = 3
    (snapshot.netpoll.parked, snapshot.netpoll.fds) = (501, 502)
    (snapshot.netpoll.backend, snapshot.netpoll.sysmonPolls) = (NetpollKind.none, 0)
    snapshot.trace.events = 3_000_000
    var frame = Frame(snapshot: snapshot)
    frame.switchesPerSecond = 124_300
    frame.stealsPerSecond = 340
    frame.spawnsPerSecond = 12_100
    frame.wakeupsPerSecond = 8_450
    frame.eventsPerSecond = 611_000
    frame.use = snapshot.ps.map {
      $0.id % 2 == 0
        ? PUse(running: 874_000_000, calls: 20_000_000, searching: 10_000_000, idle: 96_000_000)
        : PUse(searching: 310_000_000, idle: 690_000_000)
    }
    frame.minute = minute(switches: 124_300, grq: 40, parked: 506, count: 60)
    return frame
  }

  /// Eight Ps under flood: full queues, an overflowing global queue, lost events, and counts that were read
  /// while Gs moved.
  static func overload() -> Frame {
    var frame = many(ps: 8)
    frame.snapshot.isConsistent = false
    frame.snapshot.gs.runnable -= 3
    for index in frame.snapshot.ps.indices {
      frame.snapshot.ps[index].lrq = 256 - index * 9
      frame.snapshot.ps[index].lrqMax = 256
      frame.snapshot.ps[index].status = .running
      frame.snapshot.ps[index].m = index + 4
      frame.snapshot.ps[index].g = UInt64(7_001_000 + index)
      frame.snapshot.ms[index + 4].state = .running
    }
    frame.snapshot.grq = 93_412
    frame.snapshot.grqMax = 121_007
    frame.snapshot.trace.lost = 1_234_567
    frame.minute = minute(switches: 2_140_000, grq: 121_007, parked: 5_000, count: 60)
    return frame
  }

  /// A target in which nothing has happened yet.
  static func empty() -> Frame {
    var snapshot = Snapshot.beginning(target: .init(pid: 1, name: "", bootTime: 1, state: .booting))
    snapshot.time = 40_000_000
    return Frame(snapshot: snapshot)
  }

  /// Any number of Ps, with every kind of load among them.
  static func many(ps count: Int) -> Frame {
    var snapshot = Snapshot.beginning(target: .init(pid: 31_337, name: "flooded", bootTime: 1))
    snapshot.time = 93_784_000_000_000
    snapshot.procs = count
    snapshot.ps = (0..<count).map(loadedLane)
    let states = snapshot.ps.map { p -> MState in
      p.status == .running ? .running : p.status == .spinning ? .spinning : .parked
    }
    snapshot.ms = threads([.parked, .sysmon, .gc, .standby] + states)
    for id in 0..<count where snapshot.ps[id].m != nil {
      (snapshot.ms[id + 4].p, snapshot.ms[id + 4].g) = (id, snapshot.ps[id].g)
    }
    snapshot.gs.running = snapshot.ps.count { $0.status == .running }
    snapshot.grq = 120
    snapshot.grqMax = 400
    snapshot.gs.runnable = snapshot.queued ?? 0
    snapshot.gs.waiting = [
      .netpollRead: 4_900, .netpollWrite: 100, .chanSend: 12, .sleep: 44, .waitGroup: 1, .mutex: 3,
      .select: 7,
      .signal: 1,
    ]
    snapshot.gs.created = 7_654_321
    snapshot.gs.exited = 7_654_321 - UInt64(snapshot.gs.sumOfStates)
    snapshot.timers = 44
    (snapshot.netpoll.parked, snapshot.netpoll.fds) = (5_000, 5_001)
    (snapshot.netpoll.backend, snapshot.netpoll.sysmonPolls) = (NetpollKind.none, 0)
    var frame = Frame(snapshot: snapshot)
    frame.switchesPerSecond = 2_140_000
    frame.stealsPerSecond = 51_200
    frame.spawnsPerSecond = 98_000
    frame.wakeupsPerSecond = 31_000
    frame.eventsPerSecond = 8_400_000
    frame.use = snapshot.ps.map { _ in PUse(running: 1_000_000_000) }
    frame.minute = minute(switches: 2_140_000, grq: 400, parked: 5_068, count: 60)
    return frame
  }

  /// One of many Ps. Over all ids, every status and every load occurs.
  private static func loadedLane(_ id: Int) -> Snapshot.P {
    let load = (id * 37 + 11) % 257
    let status: PStatus = id % 7 == 3 ? .idle : id % 5 == 4 ? .spinning : .running
    let isRunning = status == .running
    var p = lane(
      id, status, m: status == .idle ? nil : id + 4, g: isRunning ? UInt64(7_001_000 + id) : nil,
      lrq: isRunning ? load : 0, max: min(256, load + id % 40), next: isRunning && id % 3 == 0,
      steals: (UInt64(id * 411), UInt64(id * 397)))
    p.entry = isRunning ? "handle(request:) at Mux.swift:\(40 + id % 9)" : nil
    p.ticks = UInt64(90_000 + id * 7_919)
    p.stolenGs = UInt64(id * 411) * 6
    return p
  }

  static func lane(
    _ id: Int, _ status: PStatus, m: Int?, g: UInt64?, lrq: Int, max: Int, next: Bool,
    steals: (UInt64, UInt64)
  ) -> Snapshot.P {
    var p = Snapshot.P.beginning(id)
    (p.status, p.m, p.g) = (status, m, g)
    (p.lrq, p.lrqMax, p.runnext) = (lrq, max, next)
    (p.stealsIn, p.stealsOut, p.stolenGs) = (steals.0, steals.1, steals.0 * 6)
    p.ticks = 1_234_567
    return p
  }

  static func threads(_ states: [MState]) -> [Snapshot.M] {
    states.enumerated().map { index, state in
      var m = Snapshot.M()
      (m.id, m.tid, m.state) = (index, Int32(4242 + index), state)
      return m
    }
  }

  /// A minute of history with hills, a burst and a pause. It ends with the given values.
  static func minute(switches: Double, grq: Int, parked: Int, count: Int) -> [Frame.Point] {
    (0..<count).map { second in
      let wave = Double((second * 7 + 3) % 11) / 11 * 0.35 + 0.4 + Double(second) / 240
      let isPause = (20..<24).contains(second)
      let share = isPause ? 0 : second == count - 1 ? 1 : wave
      let burst = second % 17 == 9 ? grq : second % 3 == 0 ? grq / 5 : 0
      return Frame.Point(
        switchesPerSecond: switches * share, grqMax: burst,
        parkedMax: isPause ? 2 : parked - parked / 40 * ((count - 1 - second) % 9))
    }
  }
}

extension Fixtures {
  /// The calm server after it was killed.
  static func ended() -> Frame {
    var frame = calm()
    frame.ended = "killed by signal 9"
    return frame
  }
}
