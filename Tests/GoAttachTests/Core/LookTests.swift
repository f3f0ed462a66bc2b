// What the readers make of a scheduler that is known byte by byte, and of one that is damaged.
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

@Suite("Looks")
struct LookTests {
  @Test("A scheduler that makes sense is one, and each number is read where it stands")
  func numbers() throws {
    let target = try FakeTarget()
    try Validation.check(target.memory, target.layout, target.variables)
    var fast = FastReader(target.memory, target.layout, target.variables)
    try fast.read()
    #expect(fast.look.ps.map(\.depth) == [3, 0] && fast.look.ps.map(\.status) == [1, 0])
    #expect(fast.look.grq == 0 && fast.look.idlePs == 1 && fast.look.idleMs == 1)
    var machines = MachineReader(target.memory, target.layout, target.variables)
    for _ in 0..<2 {
      let ms = try machines.read()
      #expect(ms.map(\.id) == [2, 1, 0] && ms.map(\.tid) == [102, 101, 100])
      #expect(ms.last?.g == FakeTarget.g(0) && ms.first?.isBlocked == true)
    }
    var gs = GoroutineReader(target.memory, target.layout, target.variables) { _ in false }
    try gs.read(at: 7)
    #expect(gs.gs.count == 40 && gs.gs.count { $0.isDead } == 4)
    #expect(gs.g(at: FakeTarget.g(5))?.id == 6 && gs.g(at: FakeTarget.g(5) + 8) == nil)
    #expect(try WaitReasons(target.memory, at: FakeTarget.reasons, count: 4).words.last == "chan receive")
  }

  @Test("A G is as old as the first look that saw it so")
  func ages() throws {
    let target = try FakeTarget()
    var gs = GoroutineReader(target.memory, target.layout, target.variables) { _ in false }
    try gs.read(at: 7)
    target.memory.write([9], at: FakeTarget.g(3) + 176)
    try gs.read(at: 9)
    #expect(gs.gs[2].since == 7 && gs.gs[3].since == 9 && gs.gs[3].reason == 9)
    // Used again by another goroutine.
    target.memory.write(1000, at: FakeTarget.g(2) + 152)
    try gs.read(at: 11)
    #expect(gs.gs[2].since == 11 && gs.gs[2].id == 1000)
    // Ran meanwhile, and parked at the same place for the same reason.
    target.memory.write([1], at: FakeTarget.g(4) + 189)
    try gs.read(at: 13)
    #expect(gs.gs[4].since == 13 && gs.gs[5].since == 7)
  }

  @Test("More Ps, and new Gs, are seen at the next look")
  func growth() throws {
    let target = try FakeTarget()
    var fast = FastReader(target.memory, target.layout, target.variables)
    try fast.read()
    target.memory.write(1, at: FakeTarget.allp + 8)
    try fast.read()
    #expect(fast.look.ps.count == 1)
    // A list that has grown before its new P is there.
    target.memory.write(0, at: FakeTarget.lists + 8)
    target.memory.write(2, at: FakeTarget.allp + 8)
    try fast.read()
    #expect(fast.look.ps.count == 1)
    target.memory.write(FakeTarget.p(1), at: FakeTarget.lists + 8)
    try fast.read()
    #expect(fast.look.ps.count == 2)
    var gs = GoroutineReader(target.memory, target.layout, target.variables) { _ in false }
    target.memory.write(10, at: FakeTarget.allgs + 8)
    try gs.read(at: 1)
    target.memory.write(40, at: FakeTarget.allgs + 8)
    try gs.read(at: 2)
    #expect(gs.gs.count == 40 && gs.gs[5].since == 1 && gs.gs[35].since == 2)
    #expect(gs.gs.map(\.address) == gs.gs.map(\.address).sorted())
  }

  @Test(
    "What cannot be is a contradiction, in words",
    arguments: [
      (FakeTarget.sched + 72, 0, "mnext"), (FakeTarget.p(1), 7, "P1 has id 7"),
      (FakeTarget.p(0) + 392, 0x1000, "queue of P0"),
      (FakeTarget.m(1), 0xc0_0030_0000, "g0 of M1"), (FakeTarget.allp + 8, 1 << 40, "allp has"),
      (FakeTarget.m(1) + 352, 0xc0_0010_1000, "an M has the id"), (FakeTarget.sched + 104, 0, "disagree"),
      (FakeTarget.g(0) + 152, 9, "1th G has id 9"), (FakeTarget.sched + 128, 0xc000, "global queue"),
    ] as [(UInt64, UInt64, String)])
  func contradictions(_ address: UInt64, _ value: UInt64, _ words: String) throws {
    let target = try FakeTarget()
    target.memory.write(value, at: address)
    let refusal = #expect(throws: GoRefusal.self) {
      try Validation.check(target.memory, target.layout, target.variables, attempts: 2)
    }
    #expect(refusal?.description.contains(words) == true, "\(refusal?.description ?? "")")
  }

  @Test("A list of Ms that runs in a circle ends")
  func circle() throws {
    let target = try FakeTarget()
    target.memory.write(FakeTarget.m(2), at: FakeTarget.m(0) + 352)
    var machines = MachineReader(target.memory, target.layout, target.variables)
    for _ in 0..<3 { #expect(try machines.read().count == 3) }
  }

  @Test("One range that cannot be read leaves the others")
  func batch() throws {
    let memory = FakeMemory([0x1000: [1, 2, 3, 4], 0x3000: [5, 6, 7, 8]])
    var batch = MemoryBatch()
    for address: UInt64 in [0x1000, 0x2000, 0x3000, 0x9000] { batch.add(address, 4) }
    try batch.read(memory)
    #expect((0..<4).map { batch.place($0) != nil } == [true, false, true, false])
    #expect(batch.bytes.load(8, as: UInt32.self) == 0x0807_0605)
    memory.problem.withLock { $0 = .gone }
    #expect(throws: MemoryProblem.gone) { try batch.read(memory) }
  }

  @Test("The ranges of a histogram follow each other, and quantiles are their ends")
  func histogram() {
    #expect((0..<9).map(TimeHistogram.end) == [64, 128, 192, 256, 320, 384, 448, 512, 640])
    for range in 1..<160 { #expect(TimeHistogram.end(of: range) > TimeHistogram.end(of: range - 1)) }
    var bytes = [UInt8](repeating: 0, count: TimeHistogram.size)
    let none = TimeHistogram(bytes)
    bytes[8 * 4] = 99
    bytes[8 * 40] = 1
    let some = TimeHistogram(bytes)
    #expect(some.total == 100 && some.latency(since: some) == nil && none.latency(since: some) == nil)
    let end = TimeHistogram.end(of: 40)
    #expect(some.latency(since: none) == Snapshot.Latency(count: 100, p50: 320, p90: 320, p99: 320, max: end))
  }
}
