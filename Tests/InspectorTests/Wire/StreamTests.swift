// A stream gives the other side what the source told: the same observations, the same events, the same table.
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource
@testable import Wire

@Suite("Streams")
struct StreamTests {
  /// Takes all events that a source hands over.
  private func take(_ source: StreamSource, _ events: inout [Lane: [(position: UInt64, record: Record)]])
    throws
  {
    _ = try source.takeEvents(upTo: nil) { lane, read in
      var records: [Record] = []
      let first = read(&records)
      for (offset, record) in records.enumerated() {
        events[lane, default: []].append((first + UInt64(offset), record))
      }
    }
  }

  private func isEqual(
    _ one: [Lane: [(position: UInt64, record: Record)]], _ other: [Lane: [(position: UInt64, record: Record)]]
  ) -> Bool {
    one.keys == other.keys
      && one.allSatisfy { lane, events in
        let others = other[lane] ?? []
        return events.count == others.count
          && zip(events, others).allSatisfy { $0.position == $1.position && $0.record == $1.record }
      }
  }

  @Test("the other side has the same gauges, events and table", arguments: [true, false])
  func sameFacts(compresses: Bool) throws {
    let source = try TapeSource(seed: 11)
    source.scheduler.run(500)
    let input = MemoryInput()
    let sender = Sender(eager: source) { $0.compresses = compresses }
    input.bytes += try sender.next()
    let remote = try StreamSource(input)
    #expect(remote.identity == source.identity && remote.knowledge == source.knowledge)
    #expect(remote.greeting.version == "1.2.3" && remote.reasons == source.reasons)
    var events: [Lane: [(position: UInt64, record: Record)]] = [:]
    // What was written before the first look is not sent.
    let before = source.events
    for _ in 0..<20 {
      source.scheduler.run(700)
      source.scheduler.finish()
      input.bytes += try sender.next()
      let seen = try remote.observe()
      try take(remote, &events)
      let told = try #require(source.observations.last)
      #expect(seen == told)
      #expect(try remote.goroutines() == source.tables.last)
      #expect(try remote.eventsKnownUpTo ?? 0 > 0 && remote.ending() == nil)
    }
    var after = source.events
    for (lane, records) in before { after[lane]?.removeFirst(records.count) }
    #expect(isEqual(events, after) && events.values.reduce(0) { $0 + $1.count } > 5000)
    #expect(sender.sent == UInt64(events.values.reduce(0) { $0 + $1.count }) && sender.dropped == 0)
  }

  @Test("every moment of a history that is made of a stream is that of one that is made of the source")
  func sameHistory() throws {
    let source = try TapeSource(seed: 12)
    let input = MemoryInput()
    let sender = Sender(eager: source)
    input.bytes += try sender.next()
    let remote = try StreamSource(input)
    let (here, there) = (History(), History())
    (here.reasons, there.reasons) = (source.reasons, remote.reasons)
    here.mark(try #require(source.observations.last))
    there.mark(try remote.observe())
    var position: [Lane: Int] = [:]
    for _ in 0..<12 {
      source.scheduler.run(600)
      source.scheduler.finish()
      input.bytes += try sender.next()
      for (lane, events) in source.events {
        let fresh = events[position[lane, default: 0]...]
        position[lane] = events.count
        guard let first = fresh.first else { continue }
        here.take(lane) { records in
          records += fresh.map(\.record)
          return first.position
        }
      }
      _ = try remote.takeEvents(upTo: nil, there.take)
      for history in [here, there] { history.settle(upTo: 1) }
      here.mark(try #require(source.observations.last))
      there.mark(try remote.observe())
      _ = try remote.takeEvents(upTo: nil, there.take)
      for history in [here, there] { history.settle(upTo: 1) }
    }
    for history in [here, there] { history.flush() }
    var (one, other) = (try #require(Player(here)), try #require(Player(there)))
    var dice = Dice(4)
    for _ in 0..<40 {
      let time = one.firstTime + dice.next() % max(1, one.lastTime - one.firstTime)
      one.seek(to: time)
      other.seek(to: time)
      #expect(one.snapshot == other.snapshot)
      // Frames are equal key by key: there is none that is missing, and none that differs.
      #expect(one.frame(.live).json == other.frame(.live).json)
    }
  }

  @Test("every fact that an observation can hold survives, also those that only some sources tell")
  func everyFact() throws {
    let source = try TapeSource(seed: 13)
    source.scheduler.run(300)
    source.scheduler.finish()
    var observation = try source.observe()
    for index in observation.snapshot.ps.indices {
      (observation.snapshot.ps[index].lrqMean, observation.snapshot.ps[index].calls) = (1.5, 77)
    }
    for index in observation.snapshot.ms.indices {
      observation.snapshot.ms[index].locked = 5
      (observation.snapshot.ms[index].isLockedBusy, observation.snapshot.ms[index].callsToC) = (true, 3)
    }
    var sampled = Snapshot.Sampled()
    (sampled.looks, sampled.lookTime, sampled.grqMean, sampled.systemGs) = (9, 1234, 0.25, 4)
    sampled.waits = ["IO wait": 3, "select": 1]
    sampled.runLatency = Snapshot.Latency(count: 8, p50: 1, p90: 2, p99: 3, max: 4)
    sampled.runLatencyTotals = Snapshot.LatencyTotals(ends: [0, 64, .max], counts: [1, 0, 7], beyond: 2)
    (sampled.mutexWait, sampled.stopsForGC, sampled.otherStops) = (10, 11, 12)
    (sampled.gcPhase, sampled.heapLive, sampled.heapGoal) = ("mark", 13, 14)
    observation.snapshot.sampled = sampled
    // A fact that is added to these types without being sent makes this fail.
    for fact in Mirror(reflecting: sampled).children {
      let value = Mirror(reflecting: fact.value)
      #expect(
        value.displayStyle != .optional || !value.children.isEmpty, "\(fact.label ?? "") is not set here")
    }
    (observation.isSettled, observation.marks[0].isExact) = (false, false)
    let read = try #require(Observation(observation.bytes, names: observation.names))
    #expect(read == observation)
    // What is not known stays unknown.
    observation.snapshot.grq = nil
    (sampled.waits, sampled.looks) = (nil, nil)
    observation.snapshot.sampled = sampled
    observation.snapshot.ps[0].lrqMean = nil
    #expect(Observation(observation.bytes, names: observation.names) == observation)
  }

  @Test("what the system tells of threads and quotas survives")
  func systemFacts() throws {
    var (pressure, quota, thread) = (CPUPressure(), CPUQuota(group: "/a", cpus: 1.5), OSThread())
    (pressure.window, pressure.ran, pressure.waited, pressure.threads) = (1, 2, 3, 4)
    (quota.window, quota.periods, quota.throttled) = (5, 6, 7)
    (thread.state, thread.use, thread.cpuTime) = ("R", 0.5, 8)
    let facts = SystemFacts(pressure: pressure, quota: quota, threads: [42: thread])
    #expect(SystemFacts(facts.bytes) == facts && SystemFacts(SystemFacts().bytes) == SystemFacts())
  }

  @Test("bytes that drip give the same as bytes that come at once")
  func dripping() throws {
    let bytes = try packets(TapeSource(seed: 14), count: 8)
    let all = bytes.flatMap { $0 }
    var results: [[Lane: [(position: UInt64, record: Record)]]] = []
    for most in [1, 7, 4096, Int.max] {
      let input = MemoryInput(all)
      input.most = most
      let remote = try StreamSource(input)
      var events: [Lane: [(position: UInt64, record: Record)]] = [:]
      while !input.bytes.isEmpty {
        _ = try remote.observe()
        try take(remote, &events)
      }
      _ = try remote.observe()
      try take(remote, &events)
      results.append(events)
    }
    #expect(results.dropFirst().allSatisfy { isEqual($0, results[0]) } && !results[0].isEmpty)
  }

  @Test("two streams at once do not disturb each other")
  func twoAtOnce() throws {
    let sources = [try TapeSource(seed: 15), try TapeSource(seed: 16)]
    let senders = sources.map { Sender(eager: $0) }
    let inputs = [MemoryInput(), MemoryInput()]
    for (sender, input) in zip(senders, inputs) { input.bytes += try sender.next() }
    let remotes = try inputs.map { try StreamSource($0) }
    for _ in 0..<10 {
      for index in 0..<2 {
        sources[index].scheduler.run(200)
        sources[index].scheduler.finish()
        inputs[index].bytes += try senders[index].next()
      }
      for index in 0..<2 { #expect(try remotes[index].observe() == sources[index].observations.last) }
      for remote in remotes { _ = try remote.takeEvents(upTo: nil) { _, _ in } }
    }
  }

  @Test("events stay behind an observation that nobody has asked for")
  func order() throws {
    let source = try TapeSource(seed: 17)
    let pieces = try packets(source, count: 3)
    let input = MemoryInput(pieces[0])
    let remote = try StreamSource(input)
    _ = try remote.observe()
    input.bytes += pieces[1] + pieces[2]
    var events: [Lane: [(position: UInt64, record: Record)]] = [:]
    try take(remote, &events)
    // Both packets have come; nobody has seen the observation at the end of the second, so nothing behind it is told. What
    // stands before it is complete.
    #expect(isEqual(events, source.events))
    #expect(try remote.observe() == source.observations.last)
  }

  @Test("a process that ends says so, behind its last events")
  func end() throws {
    let source = try TapeSource(seed: 18)
    let sender = Sender(eager: source)
    let input = MemoryInput(try sender.next())
    let remote = try StreamSource(input)
    source.scheduler.run(100)
    source.scheduler.finish()
    source.end = .exited(code: 3)
    input.bytes += try sender.next()
    #expect(sender.isOver)
    #expect(try remote.ending() == nil)  // its events have not been taken yet
    _ = try remote.observe()
    var events: [Lane: [(position: UInt64, record: Record)]] = [:]
    try take(remote, &events)
    #expect(try remote.ending()?.description == "exited with code 3")
    #expect(isEqual(events, source.events))
    #expect(throws: InspectorError.badStream("ended: its sender has gone, or the connection is lost")) {
      let input = MemoryInput()
      input.isClosed = true
      _ = try StreamSource(input)
    }
  }
}
