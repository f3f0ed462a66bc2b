// The layout, pinned: sizes, strides and offsets as literal numbers, and the rules that keep writers apart.
//
// A failure here means that the wire format changed. Readers of other versions resolve names and keep
// working. But first think about `Layout.version` and docs/region.md, and only then change the number here.
import Synchronization
import Testing

@testable import Region

/// Every field in order as `name@word`, arrays with their count: `lrq@128×128`.
private func table<Field: RegionField>(_: Field.Type) -> String {
  Field.allCases.map { field in
    let count = field.spec.count
    return "\(field.name)@\(field.rawValue)" + (count == 1 ? "" : "×\(count)")
  }.joined(separator: " ")
}

/// Whether each field lies within its block and no two fields share a word.
private func fieldsAreDisjoint<Field: RegionField>(_: Field.Type) -> Bool {
  var taken = Set<Int>()
  return Field.allCases.allSatisfy { field in
    (field.rawValue..<field.rawValue + field.spec.count).allSatisfy { word in
      word < Field.stride && taken.insert(word).inserted
    }
  }
}

/// The cache lines (8 words each) of a block that a group of fields touches.
private func lines<Field: RegionField>(_ group: [Field]) -> Set<Int> {
  Set(group.flatMap { ($0.rawValue / 8)...(($0.rawValue + $0.spec.count - 1) / 8) })
}

/// Whether no two groups share a cache line, and the groups together are the whole block.
private func standApart<Field: RegionField>(_ groups: [Field]...) -> Bool {
  let distinct = Set(groups.joined().map(\.rawValue)).count
  let all = lines(groups.flatMap { $0 })
  return distinct == Field.allCases.count && groups.map { lines($0).count }.reduce(0, +) == all.count
}

@Suite("Layout")
struct LayoutTests {
  @Test("a word is eight bytes, a record four words, and both are free of padding")
  func sizesAreExact() {
    #expect(MemoryLayout<Atomic<UInt64>>.size == 8)
    #expect(MemoryLayout<Atomic<UInt64>>.stride == 8)
    #expect(MemoryLayout<Record>.size == Record.bytes)
    #expect(MemoryLayout<Record>.stride == 32)
    #expect(Record.words * 8 == Record.bytes)
  }

  @Test("capacities are those that the layout was built on")
  func capacitiesArePinned() {
    #expect(Capacity.ps == 1024)
    #expect(Capacity.ms == 10_000)
    #expect(Capacity.gs == 4_194_304)
    #expect(Capacity.lrq == 256)
    #expect(Capacity.peaks == 64)
    #expect(WaitReason.capacity == 16)
  }

  @Test("every field of every block is where it was")
  func fieldsArePinned() {
    #expect(
      table(HeaderField.self) == """
        magic@0 version@1 byteOrder@2 schemaOffset@3 schemaBytes@4 pid@5 startTime@6 state@7 ending@8 \
        clockKind@9 clockSequence@10 clockTicks0@11 clockNanoseconds0@12 clockTicks1@13 \
        clockNanoseconds1@14 wallOffset@15 fileBytes@16 pRingRecords@17 mRingRecords@18 pidNamespace@19 timeNamespace@20 monotonicOffset@21 boottimeOffset@22 isLocked@23 bootTicks@24×16 ruleNumbers@40×16 \
        executable@64×32
        """)
    #expect(
      table(SchedField.self) == """
        procs@0 mCount@1 grqDepth@2 grqPushed@3 idlePs@4 idleMs@5 tracing@6 stringBytes@7 spinningMs@8 \
        gSlots@16 gListed@17 stacks@18 stacksFree@19 gcCycles@20 gcFreed@21 netpollFds@24 \
        netpollWakeups@25 netpollReadied@26 netpollLast@27 psMade@32 psOpen@33 stackless@34 \
        acceptShortages@40 stackShortages@41 threadShortages@42 regionShortages@43 tasksCreated@48 tasksExited@49 \
        netpollBackend@56 netpollRearms@57 netpollSysmonPolls@58 grqPeaks@64×64 pace@128 paceRate@129 paceSteps@130 stoodStill@131
        """)
    #expect(
      table(PField.self) == """
        status@0 m@1 g@2 entry@3 timers@4 nextTimer@5 overflowed@6 stealTries@7 lrqHead@8 lrqTail@16 \
        runnext@17 since@24 idleTicks@25 spinTicks@26 callTicks@27 made@28 gCacheHits@32 gCacheMisses@33 \
        stackCacheHits@34 stackCacheMisses@35 lrqMoved@36 nextMoved@37 \
        grqMoved@38 steals@39 lrqPeaks@64×64 lrq@128×128
        """)
    #expect(table(StealField.self) == "hits@0 gs@1 tries@2 nexts@3")
    #expect(table(MField.self) == "state@0 tid@1 p@2 g@3 since@4 waitsSince@5")
    #expect(
      table(LaneField.self) == """
        position@0 created@8 started@9 yielded@10 exited@11 preempted@12 resumed@13 others@14 \
        parked@16×16 readied@32×16 syscalls@48 syscallsReturned@49 syscallsQueued@50 \
        queuedOn@51×5 takenFrom@56×7
        """)
    #expect(
      table(GField.self) == "id@0 status@1 since@2 entry@3 parent@4 p@5 waitingOn@6 created@7")
  }

  @Test("every block's stride is what it was, in words")
  func stridesArePinned() {
    #expect(HeaderField.stride == 512)
    #expect(SchedField.stride == 512)
    #expect(PField.stride == 512)
    #expect(StealField.stride == 4)
    #expect(MField.stride == 8)
    #expect(LaneField.stride == 64)
    #expect(GField.stride == 8)
  }

  @Test("fields lie within their block and no two share a word")
  func fieldsFitAndDoNotOverlap() {
    #expect(fieldsAreDisjoint(HeaderField.self))
    #expect(fieldsAreDisjoint(SchedField.self))
    #expect(fieldsAreDisjoint(PField.self))
    #expect(fieldsAreDisjoint(StealField.self))
    #expect(fieldsAreDisjoint(MField.self))
    #expect(fieldsAreDisjoint(LaneField.self))
    #expect(fieldsAreDisjoint(GField.self))
  }

  @Test("words that different threads write stand on different cache lines")
  func hotWordsStandApart() {
    #expect(
      standApart(
        [SchedField.spinningMs], [.netpollFds, .netpollWakeups, .netpollReadied, .netpollLast], [.grqPeaks],
        [.netpollBackend, .netpollRearms, .netpollSysmonPolls], [.pace, .paceRate, .paceSteps, .stoodStill],
        [.tasksCreated, .tasksExited],
        [.psMade, .psOpen, .stackless], [.gSlots, .gListed, .stacks, .stacksFree, .gcCycles, .gcFreed],
        [.acceptShortages, .stackShortages, .threadShortages, .regionShortages],
        [.procs, .mCount, .grqDepth, .grqPushed, .idlePs, .idleMs, .tracing, .stringBytes]))
    #expect(
      standApart(
        [PField.lrqHead], [.lrqTail, .runnext], [.since, .idleTicks, .spinTicks, .callTicks, .made],
        [
          .gCacheHits, .gCacheMisses, .stackCacheHits, .stackCacheMisses, .lrqMoved, .nextMoved, .grqMoved,
          .steals,
        ], [.lrqPeaks], [.lrq],
        [.status, .m, .g, .entry, .timers, .nextTimer, .overflowed, .stealTries]))
    #expect(
      standApart(
        [LaneField.position], [.created, .started, .yielded, .exited, .preempted, .resumed, .others],
        [.parked], [.readied],
        [.syscalls, .syscallsReturned, .syscallsQueued, .queuedOn, .takenFrom]))
  }

  @Test("blocks of different writers share no cache line: P, M, G, lane, a thief's row of the steal matrix")
  func blocksStandApart() {
    for stride in [PField.stride, MField.stride, GField.stride, LaneField.stride] {
      #expect(stride % 8 == 0)
    }
    #expect(Capacity.ps * StealField.stride % 8 == 0)
  }

  @Test("the arrays start where they started, each on a page, in order, and the file ends after the last")
  func arraysArePinned() {
    let layout = Layout()
    let starts = [
      layout.schema, layout.strings, layout.sched, layout.p, layout.steal, layout.m, layout.lane, layout.g,
      layout.pRings, layout.mRings, layout.end,
    ]

    #expect(
      starts == [
        4096, 20_480, 282_624, 286_720, 4_481_024, 38_035_456, 38_678_528, 44_367_872, 312_803_328,
        4_607_770_624, 5_918_490_624,
      ])
    #expect(starts.allSatisfy { $0 % Layout.page == 0 })
    // The end of the G table may be replaced by other memory, so it must begin a page even where pages have
    // 64 KiB.
    #expect([layout.g, layout.pRings].allSatisfy { $0 % 65_536 == 0 })
    #expect(starts == starts.sorted())
  }

  @Test("no array reaches into the next, whatever the rings' capacity", arguments: [(64, 64), (4096, 8)])
  func arraysDoNotOverlap(pRecords: Int, mRecords: Int) {
    let layout = Layout(pRingRecords: pRecords, mRingRecords: mRecords)

    #expect(HeaderField.stride * 8 <= layout.schema)
    #expect(layout.schema + Layout.schemaCapacity <= layout.strings)
    #expect(layout.strings + Layout.stringsCapacity <= layout.sched)
    #expect(layout.offset(of: SchedField.self, 1) <= layout.p)
    #expect(layout.offset(of: PField.self, Capacity.ps) <= layout.steal)
    #expect(layout.offset(of: StealField.self, Capacity.ps * Capacity.ps) <= layout.m)
    #expect(layout.offset(of: MField.self, Capacity.ms) <= layout.lane)
    #expect(layout.offset(of: LaneField.self, Capacity.ps + Capacity.ms) <= layout.g)
    #expect(layout.offset(of: GField.self, Capacity.gs) <= layout.pRings)
    #expect(layout.pRing(Capacity.ps) <= layout.mRings)
    #expect(layout.mRing(Capacity.ms) <= layout.end)
    #expect(layout.pRing(1) - layout.pRing(0) == pRecords * Record.bytes)
  }

  @Test("what a reader needs before the schema stands at fixed offsets")
  func bootstrapWordsAreFixed() {
    #expect(Layout().offset(of: HeaderField.self, 0) == 0)
    #expect(HeaderField.magic.rawValue * 8 == 0)
    #expect(HeaderField.version.rawValue * 8 == 8)
    #expect(HeaderField.byteOrder.rawValue * 8 == 16)
    #expect(HeaderField.schemaOffset.rawValue * 8 == 24)
    #expect(HeaderField.schemaBytes.rawValue * 8 == 32)
    #expect(Layout.version == 1)
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: Layout.magic >> ($0 * 8)) }
    #expect(String(decoding: bytes, as: UTF8.self) == "MPGREGN1")
  }
}
