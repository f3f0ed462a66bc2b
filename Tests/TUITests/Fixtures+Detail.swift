// Details that a viewer may ask for besides the gauges, for the imaginary scheduler of Fixtures.swift.
import Region

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

extension Fixtures {
  /// A frame with all the details that any screen asks for.
  static func detailed(_ frame: Frame = calm(), gs: Int = 525, rows: Int = 2) -> Frame {
    var frame = frame
    frame.detail.goroutines = goroutines(gs, at: frame.snapshot.time)
    frame.detail.threads = Dictionary(
      uniqueKeysWithValues: frame.snapshot.ms.map { ($0.tid ?? 0, thread(Int($0.id))) })
    frame.detail.sockets = Dictionary(uniqueKeysWithValues: (3..<60).map { ($0, socket($0)) })
    frame.detail.polls = polls()
    frame.detail.timeline = timeline(rows: rows, columns: 72)
    let others = timeline(rows: frame.snapshot.ms.count, columns: 72).rows
    frame.detail.timeline?.others = others
    frame.detail.events = events(at: frame.snapshot.time)
    frame.detail.health = health(frame)
    frame.detail.stage = stage(frame.snapshot)
    frame.detail.why = Explanation(
      .g(8),
      [
        .init(
          .head,
          "G8 (serve(connection:) at Server.swift:88): parked for netpollRead, for 12.4 ms, then ran on P1 (M4)"
        ),
        .init(.text, "       0 ns +   8.1 ms  waits on fd 10 until the poll finds it"),
        .init(.mark, "*    8.1 ms +   4.2 ms  on the LRQ of P0, behind 17 others, until P1 steals it"),
        .init(.text, "    12.3 ms +  91.0 µs  taken by P1, until it runs"),
        .init(
          .why, "  why: P0 was busy: it ran G1042 (serve(connection:) at Server.swift:88) for 4.1 ms of it"),
        .init(.rule, "A G that finds a socket not ready parks, and its P runs others."),
        .init(.hint, "12 Gs wait for netpollRead.", seeAlso: [.gsByReason]),
      ])
    frame.instruments = instruments(ps: frame.snapshot.ps.count)
    for index in frame.snapshot.ps.indices {
      frame.snapshot.ps[index].stealTries = frame.snapshot.ps[index].stealsIn.map { 4 * $0 + 3 }
      frame.snapshot.ps[index].gCache = .init(hits: 9_000, misses: 81)
    }
    let ofPs = frame.snapshot.ps.map {
      Snapshot.Ring(
        lane: .p($0.id), capacity: 131_072, events: UInt64(1_200_000 - $0.id * 300_000 % 900_000), lost: 0)
    }
    let lost = frame.snapshot.trace.lost ?? 0
    let ofM = Snapshot.Ring(lane: .m(1), capacity: 4_096, events: 812_000, lost: lost)
    frame.snapshot.trace.rings = ofPs + [ofM]
    frame.snapshot.trace.bytes = 8_520_000
    return frame
  }

  /// The same frame as a moment of the past, a second and a half ago.
  static func past() -> Frame {
    var frame = detailed()
    var past = Past()
    (past.first, past.last, past.time) = (
      frame.snapshot.time - 30_000_000_000, frame.snapshot.time + 1_500_000_000, frame.snapshot.time
    )
    past.goroutines = goroutines(40, at: frame.snapshot.time)
    frame.past = past
    (frame.detail.threads, frame.detail.sockets, frame.detail.health) = (nil, nil, nil)
    frame.detail.goroutines = past.goroutines
    return frame
  }

  static func goroutines(_ count: Int, at time: UInt64) -> Goroutines {
    let reasons: [WaitReason] = [
      .netpollRead, .netpollRead, .netpollRead, .chanReceive, .sleep, .mutex, .netpollWrite,
    ]
    let all = (0..<count).map { index -> Goroutine in
      var g = Goroutine()
      (g.id, g.kind) = (UInt64(index * 7 + 1), index == 0 ? .main : .user)
      g.state = index % 41 == 2 ? .runnable : index == 1 ? .running : .waiting
      g.reason = g.state == .waiting ? reasons[index % reasons.count] : .none
      g.since = time - UInt64(index * index) * 3_700_000 % min(time, 700_000_000_000) - 1_234
      g.entry = index % 5 == 0 ? "copy(from:to:) at Pipe.swift:31" : "serve(connection:) at Server.swift:88"
      g.parent = index == 0 ? nil : index % 5 == 0 ? UInt64((index - 1) * 7 + 1) : 1
      g.p = index % 3
      g.fd = g.reason.group == .netpoll ? 3 + index : nil
      return g
    }
    return Goroutines(all: all, isComplete: true)
  }

  private static func thread(_ id: Int) -> OSThread {
    var thread = OSThread()
    thread.state = id % 3 == 0 ? "R" : "S"
    (thread.cpuTime, thread.waitTime) = (UInt64(id) * 1_234_567_890, UInt64(id) * 12_345_678)
    (thread.voluntary, thread.involuntary) = (UInt64(id) * 15_321, UInt64(id) * 113)
    (thread.use, thread.stall) = (Double(id % 4) * 0.23, id == 3 ? 0.07 : 0)
    return thread
  }

  private static func socket(_ fd: Int) -> Socket {
    var socket = Socket()
    socket.local = "127.0.0.1:8080"
    socket.isListening = fd == 3
    if fd != 3 { socket.peer = "192.168.100.\(fd):\(40_000 + fd)" }
    if fd == 9 { (socket.local, socket.peer, socket.other) = (nil, nil, "pipe") }
    return socket
  }

  private static func polls() -> Polls {
    var polls = Polls()
    (polls.byThread, polls.bySearching, polls.bySysmon) = (120, 870, 10)
    polls.batches = [3, 640, 210, 90, 40, 12, 4, 1, 0]
    (polls.readied, polls.largest) = (3_204, 70)
    (polls.first, polls.last) = (1_000_000_000, 1_119_000_000)
    return polls
  }

  /// A timeline whose rows show every kind of slot.
  static func timeline(rows: Int, columns: Int, byM: Bool = false) -> LaneTimeline {
    var timeline = LaneTimeline()
    (timeline.byM, timeline.start, timeline.end) = (byM, 754_200_000_000, 754_300_000_000)
    timeline.rows = (0..<rows).map { id in
      LaneTimeline.Row(
        id: id,
        slots: (0..<columns).map { column in
          var slot = LaneTimeline.Slot()
          switch (column + id * 5) / 6 % 6 {
          case 0: (slot.running, slot.g, slot.gTime, slot.starts) = (1e6, UInt64(1_000 + id), 1e6, 1)
          case 1:
            (slot.running, slot.idle, slot.g, slot.gTime) = (Float(column % 8 + 1) * 1e5, 4e5, 77, 1e5)
            slot.starts = 40
          case 2: slot.spinning = 1e6
          case 3: slot.syscall = 1e6
          case 4: slot.idle = 1e6
          default: if id % 2 == 0 { slot.between = 1e6 }
          }
          return slot
        })
    }
    return timeline
  }

  static func events(at time: UInt64) -> EventList {
    let kinds: [(EventKind, UInt64, UInt8, UInt32, UInt64)] = [
      (.goStart, 42, 0, 7, 12_000), (.goPark, 42, 1, 8, 10), (.netpoll, 0, 0, 3, 3), (.goReady, 42, 1, 9, 0),
      (.steal, 0, 0, 16, 1), (.overflow, 0, 0, 128, 512), (.mWake, 0, 0, 4, 1), (.goCreate, 99, 0, 0, 42),
    ]
    var list = EventList()
    (list.end, list.searchedFrom, list.searched) = (time, time - 12_000_000, 4_096)
    let clock = Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1)
    list.events = (0..<200).map { index in
      let (kind, g, detail, count, arg) = kinds[index % kinds.count]
      let moment = time - UInt64(200 - index) * 61_700 + UInt64(index % 3) * 901
      let record = Record(
        kind, time: moment, m: UInt16(index % 5), g: g, detail: detail, count: count, arg: arg)
      let placed = PlacedRecord(
        record: record, lane: index % 4 == 2 ? .m(1) : .p(index % 2), position: UInt64(index))
      return Event(placed, clock, names: StringBook(), reasons: WaitReason.all)
    }
    return list
  }

  private static func health(_ frame: Frame) -> Health {
    var health = Health()
    (health.fullest, health.drainInterval, health.taken, health.takingTime) = (
      0.22, 20_000_000, 411_000, 21_372_000
    )
    (health.historyBytes, health.historyLimit, health.records) = (1_800_000, 250_000_000, 409_000)
    (health.first, health.last) = (frame.snapshot.time - 30_000_000_000, frame.snapshot.time)
    (health.ownUse, health.ownMemory) = (0.02, 31_800_000)
    return health
  }

  /// Instruments over ten seconds: spans of every order of length, a steal matrix with most pairs of Ps, and
  /// two findings.
  static func instruments(ps: Int) -> Instruments {
    var instruments = Instruments()
    (instruments.recentTime, instruments.time) = (9_970_000_000, 24_600_000_000)
    for second in 0..<25 {
      var activity = Activity()
      for step in 0..<60 {
        activity.spans.runQueue.record(UInt64(1 << (9 + (step * 7 + second) % 17)) + UInt64(step * 13))
        if step % 3 == 0 { activity.spans.netpoll.record(UInt64(1 << (12 + step % 8))) }
        activity.spans.slice.record(UInt64(1_400 + step * step * 97))
      }
      (activity.steals, activity.stolenGs, activity.searches, activity.found) = (40, 190, 800, 210)
      instruments.seconds.append(Second(number: UInt64(second), activity: activity))
      if second >= 15 { instruments.recent.add(activity) }
    }
    instruments.recent.ms = (0..<4).map { m in
      var time = MTime(m: m)
      (time.running, time.scheduling) = (UInt64(m) * 2_400_000_000, 310_000_000)
      (time.spinning, time.syscall) = (520_000_000, m == 1 ? 4_100_000_000 : 0)
      time.withoutP = m == 3 ? 0 : 1_900_000_000
      return time
    }
    (instruments.pressure.calm, instruments.pressure.saturated) = (5_900_000_000, 1_300_000_000)
    var cpu = CPUPressure()
    (cpu.window, cpu.ran, cpu.waited, cpu.threads) = (10_000_000_000, 14_000_000_000, 2_600_000_000, 7)
    instruments.cpu = cpu
    (instruments.pressure.avoidable, instruments.pressure.searching) = (1_100_000_000, 90_000_000)
    let pairs = (0..<ps).flatMap { thief in
      (0..<ps).compactMap { victim -> StealMatrix.Pair? in
        guard thief != victim, (thief * 3 + victim) % 5 != 0 else { return nil }
        let hits = UInt64(1 + thief * 97 + victim * victim * 13)
        return StealMatrix.Pair(thief: thief, victim: victim, tries: hits * 9, hits: hits, gs: hits * 4)
      }
    }
    instruments.steals = StealMatrix(pairs)
    instruments.findings = [
      Finding(
        lint: "hog", message: "G216860 had to be preempted 7 times in ten seconds", value: 7, threshold: 5),
      Finding(
        lint: "netpollLate", message: "sysmon had to poll the network 31 times", value: 31, threshold: 10),
    ]
    return instruments
  }
}
