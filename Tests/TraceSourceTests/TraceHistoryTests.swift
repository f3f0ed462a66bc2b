// Go traces as histories: what the screens tell is what the events of the trace say.
import Foundation
import GoTrace
import Host
import Region
import TestSupport
import Testing

@testable import History
@testable import Insight
@testable import Observed
@testable import TraceSource

@Suite("A Go trace as a history")
struct TraceHistoryTests {
  @Test("how long each G was in each state is what the trace says, to the nanosecond", arguments: Kept.all)
  func times(_ kept: Kept) throws {
    let history = try kept.history()
    let heard = try Heard(kept.reader())
    var sums = StateSums()
    for number in history.numbers {
      let window = try #require(Window(number, of: history, RecordDecoder()))
      if number == history.numbers.lowerBound || window.keyframe.snapshot.gs.live == 0
        || isAfterGap(number, history)
      {
        sums.begin(try #require(table(number, history)), at: window.start)
      }
      for event in window.events[window.prefix...] { sums.take(event.record) }
      sums.end = max(sums.end, window.start)
    }
    sums.finish()
    for (g, times) in heard.times { #expect(sums.times[g] == times, "G\(g)") }
    #expect(Set(sums.times.keys) == Set(heard.times.keys))
  }

  private func table(_ number: Int, _ history: History) -> GoroutineList? {
    history.segment(number)?.goroutines?.bytes.flatMap { GoroutineList($0) }
  }

  private func isAfterGap(_ number: Int, _ history: History) -> Bool {
    guard number > history.numbers.lowerBound, let before = Window(number - 1, of: history, RecordDecoder())
    else {
      return false
    }
    return !before.gaps.isEmpty
  }

  @Test("a P that is taken from a call is so in its own lane", arguments: Kept.all)
  func taken(_ kept: Kept) throws {
    let history = try kept.history()
    for number in history.numbers {
      let window = try #require(Window(number, of: history, RecordDecoder()))
      for event in window.events where event.record.kind == .retake {
        #expect(event.lane == .p(Int(event.record.count)))
      }
    }
  }

  @Test("the waits that `why` tells of a G add up to its time out of running", arguments: Kept.all)
  func waits(_ kept: Kept) throws {
    guard !kept.description.hasPrefix("flight") else { return }
    let player = try #require(Player(try kept.history()))
    for (g, times) in try Heard(kept.reader()).times {
      let waits = player.waits(of: g).filter { $0.end != nil || isThere(g, player) }
      let sum = waits.reduce(0) { $0 + $1.duration(until: player.time) }
      let out = UInt64(times.runnable + times.waiting + times.syscall)
      // A wait of which the trace has the end alone is told from there on that the G was ready.
      let isOlder = waits.first?.facts.begin == nil
      if isOlder { #expect(sum <= out, "G\(g)") } else { #expect(sum == out, "G\(g)") }
    }
  }

  private func isThere(_ g: UInt64, _ player: Player) -> Bool { player.goroutines[g] != nil }

  @Test("at any moment as many Gs are in each state as the events up to it say", arguments: Kept.all)
  func middle(_ kept: Kept) throws {
    guard !kept.description.hasPrefix("flight") else { return }
    var player = try #require(Player(try kept.history()))
    let (first, last) = (player.firstTime, player.lastTime)
    for part in [1, 3, 5, 7, 9, 10] {
      let moment = first + (last - first) / 10 * UInt64(part)
      player.seek(to: moment)
      let snapshot = player.snapshot
      let heard = try Heard(kept.reader(), until: Int64(player.time))
      #expect(snapshot.gs.running == heard.counts[.running] ?? 0)
      #expect(snapshot.gs.runnable == heard.counts[.runnable] ?? 0)
      #expect(snapshot.gs.syscall == heard.counts[.syscall] ?? 0)
      #expect(snapshot.gs.waiting.values.reduce(0, +) == heard.counts[.waiting] ?? 0)
      #expect(snapshot.gs.live == snapshot.gs.sumOfStates)
      #expect(snapshot.isConsistent)
      #expect(player.goroutines.all.count == snapshot.gs.live)
    }
  }

  @Test("the gauges of a segment's end are those of the next one's beginning", arguments: Kept.all)
  func keyframes(_ kept: Kept) throws {
    let history = try kept.history()
    for number in history.numbers.dropFirst() where !isAfterGap(number, history) {
      let before = try #require(Window(number - 1, of: history, RecordDecoder()))
      let next = try #require(Window(number, of: history, RecordDecoder())).keyframe.snapshot
      let model = before.model(after: before.events.count, at: .max, reasons: history.reasons)
      let end = before.snapshot(
        of: model, after: before.events.count, at: next.time, time: next.time)
      #expect(end.gs == next.gs)
      #expect(end.ps == next.ps)
      #expect(end.ms.map(\.state) == next.ms.map(\.state))
      #expect(end.switches == next.switches)
      #expect(end.trace.events == next.trace.events)
    }
  }

  @Test("segments that lie in a file show what they would show in memory", arguments: Kept.all)
  func spilled(_ kept: Kept) throws {
    let (memory, file) = (try history(kept), try history(kept, inMemory: -1))
    #expect(file.numbers == memory.numbers && file.records == memory.records)
    #expect(file.bytes < memory.bytes)
    var (here, there) = (try #require(Player(memory)), try #require(Player(file)))
    for part in 0...6 {
      let moment = here.firstTime + (here.lastTime - here.firstTime) / 6 * UInt64(part)
      here.seek(to: moment)
      there.seek(to: moment)
      #expect(there.snapshot == here.snapshot && there.window.events == here.window.events)
      #expect(there.goroutines == here.goroutines)
      #expect(stacks(there) == stacks(here))
    }
  }

  @Test("a G's stack is that of the last event that it did, however long ago", arguments: Kept.all)
  func lastStacks(_ kept: Kept) throws {
    guard !kept.description.hasPrefix("flight") else { return }
    let history = try history(kept)
    var player = try #require(Player(history))
    let (first, last) = (player.firstTime, player.lastTime)
    for part in 1...6 {
      player.seek(to: first + (last - first) / 6 * UInt64(part))
      var expected: [UInt64: CallStack] = [:]
      player.walk(from: history.numbers.lowerBound) { window, events in
        var blocks = history.segment(window.number).map { StackBlocks($0) }
        for event in events {
          guard let g = Player.doer(event.record), let number = blocks?.stack(of: event) else { continue }
          expected[g] = history.stacks[number]
        }
      }
      let stacks = stacks(player)
      for g in player.goroutines.all where expected[g.id] != nil {
        #expect(stacks[g.id] == expected[g.id], "G\(g.id) \(g.state)")
      }
    }
  }

  private func stacks(_ player: Player) -> [UInt64: CallStack] {
    guard let stacks = player.stacks(of: .all) else { return [:] }
    return stacks.outcomes.compactMapValues { outcome in
      if case .stack(let place) = outcome { stacks.distinct[place] } else { nil }
    }
  }

  private func history(_ kept: Kept, inMemory: Int = .max) throws -> History {
    let trace = try TraceHistory(path: kept.path, SegmentLimits(records: 200, inMemory: inMemory))
    try trace.readAll()
    return trace.history
  }

  @Test("of a generation that is being read is shown what has come, marked as not consistent, and made anew")
  func preview() throws {
    let kept = Kept.named("long-1.27.3.trace")
    let trace = try TraceHistory(path: kept.path, SegmentLimits(records: 200))
    var early: History?
    while early == nil, try trace.read() { early = trace.copy() }
    let preview = try #require(early)
    #expect(trace.history.isEmpty && !preview.isEmpty)
    var player = try #require(Player(preview))
    player.seekToStart()
    #expect(!player.snapshot.isConsistent)
    try trace.readAll()
    player.turn(to: try #require(trace.copy()))
    player.renew()
    var fresh = try #require(Player(try kept.history()))
    fresh.seekToStart()
    #expect(player.snapshot.isConsistent && player.snapshot == fresh.snapshot)
    #expect(player.goroutines == fresh.goroutines)
  }

  @Test("what a trace does not tell is nil", arguments: Kept.all)
  func absent(_ kept: Kept) throws {
    var player = try #require(Player(try kept.history()))
    player.seek(to: player.firstTime + (player.lastTime - player.firstTime) / 2)
    let snapshot = player.snapshot
    #expect(snapshot.target.knownPid == nil)
    #expect(snapshot.grq == nil && snapshot.grqMax == nil && snapshot.timers == nil && snapshot.queued == nil)
    #expect(snapshot.totalSteals == nil && snapshot.steals == nil && snapshot.netpoll.fds == nil)
    #expect(snapshot.netpoll.wakeups == nil && snapshot.inHands == nil && snapshot.trace.lost == nil)
    for p in snapshot.ps {
      #expect(
        p.lrq == nil && p.runnext == nil && p.stealsIn == nil && p.stealTries == nil && p.spinTime == nil)
    }
    #expect(snapshot.ps.count >= 1 && snapshot.procs >= 1 && snapshot.ps.allSatisfy { $0.ticks != nil })
  }

  @Test("no steal is shown, and a P that is taken from a system call is")
  func steals() throws {
    var kinds: [EventKind: Int] = [:]
    for kept in Kept.all {
      let history = try kept.history()
      for number in history.numbers {
        for event in try #require(Window(number, of: history, RecordDecoder())).events {
          if let kind = event.record.kind { kinds[kind, default: 0] += 1 }
        }
      }
    }
    #expect(kinds[.steal] == nil && kinds[.grqTake] == nil && kinds[.retake] ?? 0 > 0)
    for kind in [EventKind.goCreate, .goStart, .goPark, .goReady, .goYield, .goPreempt, .goExit, .goSyscall] {
      #expect(kinds[kind] ?? 0 > 0, "\(kind)")
    }
    for kind in [EventKind.goSyscallExit, .procStart, .procStop, .gcStart, .gcEnd, .goLabel, .procsChange] {
      #expect(kinds[kind] ?? 0 > 0, "\(kind)")
    }
  }

  @Test("user tasks and regions are spans, with their names and lengths")
  func tasks() throws {
    let player = try #require(Player(try Kept.named("every-1.27.3.trace").history()))
    let spans = player.slowestSpans(100)
    let names = Set(spans.compactMap(\.label))
    #expect(names.contains("request"), "\(names)")
    let requests = Set(spans.filter { $0.label == "request" }.map(\.number))
    let queries = spans.filter { $0.label == "query" }
    #expect(requests.count == 3 && queries.count == 3)
    #expect(queries.allSatisfy { $0.outer.map(requests.contains) ?? false })
    for span in spans where span.end != nil {
      #expect(span.sums.total == span.duration && span.duration > 0)
    }
  }

  @Test("the stack of a G is that of its last event")
  func stacks() throws {
    var player = try #require(Player(try Kept.named("every-1.27.3.trace").history()))
    #expect(player.hasStacks)
    player.seek(to: player.firstTime + (player.lastTime - player.firstTime) / 2)
    let stacks = try #require(player.stacks(of: .all))
    let waiting = player.goroutines.all.filter { $0.state == .waiting }
    #expect(!waiting.isEmpty)
    for g in waiting where !g.isOlder && g.since != nil {
      #expect(stacks[g.id]?.frames.isEmpty == false, "G\(g.id)")
    }
    let functions = waiting.compactMap { stacks[$0.id] }.flatMap(\.frames).map(\.function)
    #expect(functions.contains { $0.hasPrefix("main.") })
  }

  @Test("the words of a lock and of a socket are made exact by the stack")
  func reasons() {
    func reason(_ word: String, _ functions: String...) -> WaitReason { TraceReasons.reason(word, functions) }
    #expect(reason("sync") == .semaphore)
    #expect(reason("sync", "internal/sync.runtime_SemacquireMutex", "sync.(*Mutex).Lock", "main.f") == .mutex)
    #expect(reason("sync", "sync.runtime_SemacquireWaitGroup", "sync.(*WaitGroup).Wait") == .waitGroup)
    #expect(reason("network") == .netpollRead)
    #expect(reason("network", "internal/poll.(*FD).Write", "net.(*conn).Write") == .netpollWrite)
    #expect(reason("GC background sweeper wait") == .none && reason("") == .none)
  }

  @Test(
    "of a trace that is cut off, what is whole is shown, with what is missing; a strict reader refuses it")
  func damage() throws {
    let folder = try TemporaryFolder()
    let kept = Kept.named("long-1.27.3.trace")
    let whole = try kept.history().records
    let cut = folder.path + "/cut.trace"
    try Data(try kept.bytes.dropLast(1)).write(to: URL(filePath: cut))
    let trace = try TraceHistory(path: cut)
    try trace.readAll()
    #expect(!trace.warnings.isEmpty && trace.history.records > whole / 2)
    #expect(throws: InspectorError.self) { try TraceHistory(path: cut, isStrict: true).readAll() }
    for segment in try kept.history().segments { #expect(segment.isComplete) }
  }

  @Test("a file that is no trace is refused in one line")
  func refusal() throws {
    let folder = try TemporaryFolder()
    for (bytes, words) in [("go 1.11 trace\0\0\0", "1.11"), ("hello", "not a Go")] {
      let path = folder.path + "/x"
      try Data(bytes.utf8).write(to: URL(filePath: path))
      let error = #expect(throws: InspectorError.self) { try TraceHistory(path: path) }
      #expect("\(error.map { "\($0)" } ?? "")".contains(words))
    }
  }

  @Test("while it is read, what has come can be looked at, and is the same afterwards")
  func growing() throws {
    let trace = try TraceHistory(path: Kept.named("long-1.22.10.trace").path)
    var before: (time: UInt64, gs: Snapshot.Gs)?
    while try trace.read() {
      guard before == nil, trace.history.records > 0, var player = Player(trace.history.copy()) else {
        continue
      }
      #expect(player.history.isGrowing)
      player.seekToNewest()
      before = (player.time, player.snapshot.gs)
    }
    #expect(!trace.history.isGrowing)
    let seen = try #require(before)
    var player = try #require(Player(trace.history))
    player.seek(to: seen.time)
    #expect(player.snapshot.gs == seen.gs)
    #expect(player.lastTime > seen.time)
  }
}

/// Adds up how long Gs are in each state, by our own records.
struct StateSums {
  var times: [UInt64: TraceTimes] = [:]
  var end: UInt64 = 0
  private var states: [UInt64: (state: GState, since: UInt64)] = [:]

  /// Begins anew with a table of Gs.
  mutating func begin(_ list: GoroutineList, at start: UInt64) {
    finish()
    for row in list.rows { states[row.id] = (row.state, start) }
  }

  mutating func take(_ record: Record) {
    let state: GState
    switch record.kind {
    case .goCreate, .goReady, .goYield, .goPreempt: state = .runnable
    case .goStart: state = .running
    case .goPark: state = .waiting
    case .goSyscall: state = .syscall
    case .goSyscallExit: state = record.detail == 0 ? .runnable : .running
    case .goExit: state = .dead
    default: return
    }
    close(record.g, record.time)
    states[record.g] = state == .dead ? nil : (state, record.time)
  }

  private mutating func close(_ g: UInt64, _ time: UInt64) {
    guard let old = states[g] else { return }
    var sums = times[g] ?? TraceTimes()
    let passed = Int64(time - old.since)
    switch old.state {
    case .runnable: sums.runnable += passed
    case .running: sums.running += passed
    case .syscall: sums.syscall += passed
    default: sums.waiting += passed
    }
    times[g] = sums
  }

  /// Counts what Gs are doing up to the end.
  mutating func finish() {
    for g in states.keys { close(g, end) }
    states = [:]
  }
}
