// Numbers stay true under a flood. Every keyframe is compared with the keyframe before it plus the events in
// between, for as long as is asked. Then a reader is made too slow, and what it reports as missed is checked.
import Foundation
import Region
import TestSupport
import Testing

@testable import History
@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

extension EndToEnd {
  @Suite("Honest under flood") struct HonestyTests {
    /// `make honest` asks for ten minutes; for `make test` a few seconds are enough.
    static let seconds = ProcessInfo.processInfo.environment["MPG_HONEST"].flatMap { Double($0) } ?? 4

    /// Requests as fast as the server takes them.
    private func flood(_ server: DemoServer) throws -> [Program] {
      guard Machine.path(of: "wrk") != nil else {
        return try (0..<2).map { _ in
          try Program(
            Command(
              "curl", "-sS", "--parallel", "--parallel-max", "32", "-o", "/dev/null",
              server.url("/about?n=[1-100000000]")))
        }
      }
      return [
        try Program(
          Command("wrk", "-t", "1", "-c", "64", "-d", "\(Int(Self.seconds) + 60)s", server.url("/about")))
      ]
    }

    private func source(of server: DemoServer) throws -> RegionReader {
      let target = try server.regions.target(pid: server.pid)
      return try RegionFile(path: target.path, process: target.process).open()
    }

    @Test("With a reader that keeps up nothing is lost, and every gauge is what the events say")
    func nothingIsLost() throws {
      let server = try DemoServer("--procs", "2")
      let floods = try flood(server)
      _ = try server.frame("a flood") { $0.switches > 5000 }
      let source = try source(of: server)
      let history = History(HistoryLimits(bytes: 100_000_000))
      var audit = Audit(history)
      let end = Date().addingTimeInterval(Self.seconds)
      var nextMark = Date()
      while Date() < end {
        _ = try source.drainInPlace(history.take)
        history.settle()
        if Date() >= nextMark {
          let observation = try source.observe()
          audit.look(at: observation.snapshot)
          history.mark(observation)
          nextMark = Date().addingTimeInterval(0.1)
        }
        try audit.compareNext()
        usleep(500)
      }
      let lost = try #require(try source.snapshot().trace.lost)
      print(
        "honest: \(Self.seconds) s, \(audit.events) events, \(audit.keyframes) keyframes equal to the events, "
          + "\(audit.consistent) of \(audit.frames) frames consistent, \(lost) events lost")
      #expect(lost == 0)
      #expect(audit.keyframes > Int(Self.seconds) && audit.events > 1000 && audit.consistent > 0)
      #expect(server.program.ending == nil)
      withExtendedLifetime(floods) {}
    }

    @Test("A reader that is too slow knows to the record what it missed; its gauges are right all the same")
    func lossIsExact() throws {
      let server = try DemoServer("--procs", "2")
      let floods = try flood(server)
      _ = try server.frame("a flood") { $0.switches > 5000 }
      var slow = SlowReader(try source(of: server))
      try slow.look(drains: 50)
      slow.account.start(try #require(try slow.source.snapshot().trace.rings))
      // The rings have 4 MiB. This is enough events that the writer goes round each ring more than once.
      let wanted = try #require(try slow.source.snapshot().trace.events) + 800_000
      try eventually("rings are overrun", within: 120) {
        _ = try server.get("/spawn?n=50000")
        return try slow.source.snapshot().trace.events ?? 0 > wanted
      }
      try slow.look(drains: 1)
      let rings = try #require(try slow.source.snapshot().trace.rings)
      #expect(rings.contains { $0.lost > 0 })
      // The loss by the ring's own arithmetic must equal the gaps between the positions of the records that
      // were read.
      for ring in rings where slow.account.knows(ring.lane) {
        #expect(slow.account.missing(ring.lane) == ring.lost, "\(ring.lane)")
      }
      #expect(slow.account.knows(.p(0)) && slow.account.knows(.p(1)))
      for _ in 0..<5 { try slow.compare() }
      #expect(slow.audit.keyframes > 0)
      print("honest: \(rings.reduce(0) { $0 + $1.lost }) events lost on purpose, all of them accounted for")
      withExtendedLifetime(floods) {}
    }
  }
}

/// A reader that drains when it is told to.
private struct SlowReader {
  let source: RegionReader
  let history = History()
  var account = Account()
  private(set) var audit: Audit

  init(_ source: RegionReader) {
    self.source = source
    audit = Audit(history)
  }

  mutating func look(drains: Int) throws {
    for _ in 0..<drains {
      try source.drainBatches { batch in
        account.take(batch)
        history.take(batch)
      }
      history.settle()
      usleep(2000)
    }
  }

  mutating func compare() throws {
    let observation = try source.observe()
    audit.look(at: observation.snapshot)
    history.mark(observation)
    try look(drains: 40)
    try audit.compareNext()
  }
}

/// Compares each keyframe with the keyframe before it plus the events in between.
private struct Audit {
  let history: History
  private(set) var keyframes = 0
  private(set) var events = 0
  private(set) var frames = 0
  private(set) var consistent = 0
  private var next = 0
  private let decoder = RecordDecoder()

  init(_ history: History) { self.history = history }

  mutating func look(at snapshot: Snapshot) {
    frames += 1
    #expect(snapshot.gs.sumOfStates == snapshot.gs.live)
    guard snapshot.isConsistent else { return }
    consistent += 1
    let gs = snapshot.gs
    #expect(min(gs.running, gs.runnable, gs.syscall, gs.preempted) >= 0 && gs.running <= snapshot.procs)
    #expect(gs.waiting.values.allSatisfy { $0 >= 0 })
  }

  mutating func compareNext() throws {
    next = max(next, history.firstNumber)
    while next + 1 < history.numbers.upperBound, history.segment(next)?.isComplete == true {
      try compare(next)
      next += 1
    }
  }

  private mutating func compare(_ number: Int) throws {
    let window = try #require(Window(number, of: history, decoder))
    let later = try #require(history.segment(number + 1)?.keyframe.bytes.flatMap { Keyframe($0) })
    guard window.missing(at: .max) == 0 else { return }
    guard window.keyframe.snapshot.isConsistent, later.snapshot.isConsistent else { return }
    let ends = Dictionary(uniqueKeysWithValues: later.boundaries.map { ($0.lane, $0.position) })
    var model = Model(window.keyframe.snapshot, reasons: history.reasons)
    for event in window.events where event.position < ends[event.lane] ?? 0 {
      model.apply(event.record, on: event.lane)
      events += 1
    }
    #expect(model.snapshot.gs == later.snapshot.gs, "keyframe \(number + 1)")
    #expect(model.snapshot.switches == later.snapshot.switches)
    #expect(model.snapshot.ps.map(\.ticks) == later.snapshot.ps.map(\.ticks))
    #expect(model.snapshot.netpoll.parked == later.snapshot.netpoll.parked)
    keyframes += 1
  }
}

/// What was read of each lane, judged by positions alone.
private struct Account {
  private var ends: [Lane: UInt64] = [:]
  private var gaps: [Lane: UInt64] = [:]
  private var before: [Lane: UInt64] = [:]

  mutating func take(_ batch: Batch) {
    if let end = ends[batch.lane] { gaps[batch.lane, default: 0] += batch.first - end }
    ends[batch.lane] = batch.first + UInt64(batch.records.count)
  }

  /// Starts the account: losses before this call do not count.
  mutating func start(_ rings: [Snapshot.Ring]) {
    for ring in rings where ends[ring.lane] != nil { before[ring.lane] = ring.lost }
    gaps = [:]
  }

  /// Whether the account began with some record of the lane already read.
  func knows(_ lane: Lane) -> Bool { before[lane] != nil }

  func missing(_ lane: Lane) -> UInt64 { (gaps[lane] ?? 0) + (before[lane] ?? 0) }
}
