import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed

/// Checks steps against the invariants of a timeline, with rules that are written independently of the code
/// under test.
private struct Rules {
  private var g: [UInt64: (state: GState, m: Int?)] = [:]
  private var holder: [Int: Int] = [:]
  private var inSyscall: Set<Int> = []
  private var time: UInt64 = 0
  private(set) var broken: [String] = []
  private(set) var inferred = 0
  private(set) var steps = 0

  init(_ start: Timeline) {
    for (id, one) in start.gs { g[id] = (one.state, one.m) }
    for (id, p) in start.ps {
      holder[id] = p.m
      if p.isInSyscall { inSyscall.insert(id) }
    }
    time = start.time
  }

  private func p(of m: Int) -> Int? { holder.first { $0.value == m }?.key }
  private func g(on m: Int) -> UInt64? { g.first { $0.value.m == m }?.key }

  mutating func take(_ step: Step) {
    steps += 1
    inferred += step.isInferred ? 1 : 0
    if step.time <= time { broken.append("time of \(step)") }
    time = step.time
    if !apply(step) { broken.append("\(step)") }
  }

  /// Applies a step; returns whether the step was legal.
  private mutating func apply(_ step: Step) -> Bool {
    let (id, m) = (step.g, step.m)
    let state = g[id]?.state
    let isHere = g[id]?.m == m && p(of: m) != nil && p(of: m) == step.p
    switch step.kind {
    case .create:
      let free = step.p == nil || (p(of: m) == step.p && g(on: m).map { g[$0]?.state == .running } ?? true)
      g[id] = (.runnable, nil)
      return state == nil && free
    case .start:
      let isFree = g(on: m) == nil && p(of: m) == step.p && step.p.map { !inSyscall.contains($0) } ?? false
      g[id] = (.running, m)
      return state == .runnable && isFree
    case .block: return move(id, .waiting, isHere && state == .running)
    case .stop: return move(id, .runnable, isHere && state == .running)
    case .exit:
      g[id] = nil
      return isHere && state == .running
    case .unblock: return move(id, .runnable, state == .waiting)
    case .enterSyscall:
      inSyscall.insert(step.p ?? -1)
      g[id] = (.syscall, m)
      return isHere && state == .running
    case .leaveSyscall:
      g[id] = (.running, m)
      return isHere && state == .syscall && inSyscall.remove(step.p ?? -1) != nil
    case .leaveSyscallBlocked:
      let hasLeft = p(of: m).map { !inSyscall.contains($0) } ?? true
      return g[id]?.m == m && move(id, .runnable, state == .syscall && hasLeft)
    default: return applyToP(step)
    }
  }

  private mutating func move(_ id: UInt64, _ state: GState, _ isLegal: Bool) -> Bool {
    g[id] = (state, nil)
    return isLegal
  }

  private mutating func applyToP(_ step: Step) -> Bool {
    guard let p = step.p else { return step.g == 0 }
    switch step.kind {
    case .takeP:
      defer { holder[p] = step.m }
      return holder[p] == nil && self.p(of: step.m) == nil
    case .dropP:
      let runs = g(on: step.m).map { g[$0]?.state == .running } ?? false
      return holder.removeValue(forKey: p) == step.m && !runs && !inSyscall.contains(p)
    case .stealP(let from): return holder.removeValue(forKey: p) == from && inSyscall.remove(p) != nil
    default: return false
    }
  }

  var states: [UInt64: GState] { g.mapValues(\.state) }
}

/// Checks the steps that a history yields against the rules.
private struct Visitor: HistoryVisitor {
  var order: TimelineOrder
  var rules: Rules
  /// Which records are left out.
  var drops: (Record) -> Bool = { _ in false }

  init(_ history: History) {
    let (snapshot, goroutines) = history.beginning()
    let timeline = Timeline(snapshot, goroutines, reasons: history.reasons)
    (order, rules) = (TimelineOrder(timeline), Rules(timeline))
  }

  mutating func visit(_ snapshot: Snapshot) {}
  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) {}
  mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) {
    if drops(record) { return }
    order.add(record, on: lane, at: time)
    for step in order.take() { rules.take(step) }
  }
  mutating func finish() {
    order.finish()
    for step in order.take() { rules.take(step) }
  }
}

@Suite("Timelines")
struct TimelineTests {
  private func record(
    _ kind: EventKind, _ time: UInt64, m: UInt16, g: UInt64, detail: UInt8 = 0, count: UInt32 = 0
  ) -> Record {
    Record(kind, time: time, m: m, g: g, detail: detail, count: count)
  }

  /// A timeline in which `count` Ps run G 1, G 2, …, each on the M with the P's number.
  private func running(_ count: Int) -> Timeline {
    var snapshot = Snapshot()
    snapshot.ps = (0..<count).map { id in
      var p = Snapshot.P()
      (p.id, p.m, p.g, p.status) = (id, id, UInt64(id + 1), .running)
      return p
    }
    return Timeline(snapshot, [], reasons: WaitReason.all)
  }

  @Test(
    "a whole history is legal moves, nothing is inferred, and the last states are the scheduler's",
    arguments: 1...4)
  func wholeHistory(_ seed: Int) throws {
    let fake = try FakeHistory(seed: UInt64(seed))
    var visitor = Visitor(fake.history)
    try fake.history.walk(&visitor)
    visitor.finish()
    #expect(visitor.rules.broken.isEmpty && visitor.rules.steps > 1000)
    #expect(visitor.rules.inferred == 0)
    #expect(visitor.rules.states == fake.scheduler.states)
  }

  @Test("with records missing, moves stay legal, and what is missing is inferred", arguments: 1...4)
  func missingRecords(_ seed: Int) throws {
    let fake = try FakeHistory(seed: UInt64(seed))
    var visitor = Visitor(fake.history)
    visitor.drops = { $0.time % 7 == 0 }
    try fake.history.walk(&visitor)
    visitor.finish()
    #expect(visitor.rules.broken.isEmpty && visitor.rules.inferred > 0)
  }

  @Test(
    "records of every kind, with noise in them, are legal moves, and no end of Gs is made of them",
    arguments: 1...4)
  func noise(_ seed: Int) {
    let timeline = running(3)
    var (order, rules) = (TimelineOrder(timeline), Rules(timeline))
    Noise(seed: UInt64(seed)).records { record, lane in
      order.add(record, on: lane, at: record.time)
      for step in order.take() { rules.take(step) }
    }
    order.finish()
    for step in order.take() { rules.take(step) }
    #expect(rules.broken.isEmpty, "\(rules.broken.prefix(3))")
    #expect(rules.steps > 10_000)
  }

  @Test(
    "a G that is readied before it seems to have parked: the park comes first, with all that follows on its lane"
  )
  func readyBeforePark() {
    var order = TimelineOrder(running(2))
    order.add(record(.goReady, 100, m: 1, g: 1, detail: 4), on: .p(1), at: 100)
    order.add(record(.goYield, 110, m: 1, g: 2), on: .p(1), at: 110)
    order.add(record(.goStart, 120, m: 1, g: 1), on: .p(1), at: 120)
    #expect(order.take().isEmpty)
    order.add(record(.goPark, 130, m: 0, g: 1, detail: 4), on: .p(0), at: 130)
    let steps = order.take()
    #expect(steps.map(\.g) == [1, 1, 2, 1] && steps.allSatisfy { !$0.isInferred })
    #expect(
      steps.map(\.kind) == [
        .block(.chanReceive, fd: 0), .unblock(by: 0), .stop(isPreempted: false), .start,
      ])
    #expect(steps.map(\.time) == [130, 131, 132, 133])
  }

  @Test("a record that never comes is waited for, and then inferred")
  func patience() {
    var order = TimelineOrder(running(2))
    order.add(record(.goReady, 100, m: 1, g: 1, detail: 4), on: .p(1), at: 100)
    #expect(order.take().isEmpty)
    let late = 101 + TimelineOrder.patience
    order.add(record(.mSpin, late, m: 3, g: 0), on: .m(3), at: late)
    let steps = order.take()
    #expect(steps.map(\.kind) == [.stop(isPreempted: false), .note(.mSpin, 0)] && steps[0].isInferred)
  }

  @Test("a P that is retaken in a system call: the G comes back without it, and runs on another")
  func retakenSyscall() {
    var order = TimelineOrder(running(1))
    order.add(record(.goSyscall, 10, m: 0, g: 1), on: .p(0), at: 10)
    order.add(Record(.retake, time: 20, m: 5, count: 0, arg: 0), on: .m(5), at: 20)
    order.add(record(.procStart, 30, m: 2, g: 0, count: 0), on: .p(0), at: 30)
    order.add(record(.procStart, 40, m: 0, g: 0, count: 1), on: .p(1), at: 40)
    order.add(record(.goSyscallExit, 50, m: 0, g: 1, detail: 2), on: .p(1), at: 50)
    let steps = order.take()
    #expect(
      steps.map(\.kind) == [
        .enterSyscall, .stealP(from: 0), .takeP, .takeP, .leaveSyscallBlocked, .start,
      ])
    #expect(steps.map(\.p) == [0, 0, 0, 1, nil, 1] && steps.map(\.m) == [0, 5, 2, 0, 0, 0])
  }
}
