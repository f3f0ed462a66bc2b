// A target that is only bytes: a small scheduler with two Ps, three Ms and some Gs, laid out as Go 1.27 does.
import Synchronization
import Testing

@testable import GoAttach

/// Memory in pieces. Reads fail where no piece is, as they do in a process.
final class FakeMemory: TargetMemory {
  private let pieces: Mutex<[UInt64: [UInt8]]>
  /// What every read throws; nil: reads go on.
  let problem = Mutex<MemoryProblem?>(nil)

  init(_ pieces: [UInt64: [UInt8]]) { self.pieces = Mutex(pieces) }

  func read(
    _ ranges: UnsafeBufferPointer<MemoryRange>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(MemoryProblem) -> Int {
    if let problem = problem.withLock({ $0 }) { throw problem }
    var place = 0
    for index in 0..<ranges.count {
      let range = unsafe ranges[index]
      guard let found = piece(range) else { return index }
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + range.count]).copyBytes(
        from: found)
      place += range.count
    }
    return ranges.count
  }

  private func piece(_ range: MemoryRange) -> ArraySlice<UInt8>? {
    pieces.withLock { pieces in
      for (start, bytes) in pieces where range.address >= start {
        let from = range.address - start
        if from <= UInt64(bytes.count), range.count <= bytes.count - Int(from) {
          return bytes[Int(from)...].prefix(range.count)
        }
      }
      return nil
    }
  }

  /// Changes the bytes from `address` on, which lie in one piece.
  func write(_ bytes: [UInt8], at address: UInt64) {
    pieces.withLock { pieces in
      for (start, piece) in pieces
      where address >= start && address - start + UInt64(bytes.count) <= UInt64(piece.count) {
        pieces[start]?.replaceSubrange(Int(address - start)..<Int(address - start) + bytes.count, with: bytes)
      }
    }
  }

  func write(_ word: UInt64, at address: UInt64) {
    write((0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }, at: address)
  }

  /// How many bytes there are, and where each of them is.
  var size: Int { pieces.withLock { $0.values.reduce(0) { $0 + $1.count } } }

  /// The address of the byte with this number.
  func address(_ number: Int) -> UInt64 {
    pieces.withLock { pieces in
      var left = number
      for (start, bytes) in pieces.sorted(by: { $0.key < $1.key }) {
        if left < bytes.count { return start + UInt64(left) }
        left -= bytes.count
      }
      return 0
    }
  }
}

/// Fields by name.
struct FakeFields: FieldSource {
  var offsets: [String: Int]
  func offset(of path: [String], in structure: String) -> Int? {
    offsets["\(structure.dropFirst("runtime.".count)).\(path.joined(separator: "."))"]
  }

  /// Those of Go 1.27.3 on amd64.
  static let go127 = FakeFields(offsets: [
    "p.id": 0, "p.status": 4, "p.schedtick": 16, "p.syscalltick": 20, "p.m": 48, "p.runqhead": 392,
    "p.runqtail": 396,
    "p.runq": 400, "p.runnext": 2448, "p.timers.len": 8872, "p.timers.zombies": 8876,
    "p.goroutinesCreated": 13792,
    "m.g0": 0, "m.procid": 64, "m.mstartfn": 176, "m.curg": 184, "m.p": 208, "m.id": 232, "m.spinning": 276,
    "m.blocked": 277, "m.ncgo": 328, "m.alllink": 352, "m.lockedg": 384,
    "g.stack.lo": 0, "g.stack.hi": 8, "g.m": 48, "g.sched.sp": 56, "g.sched.pc": 64, "g.sched.bp": 96,
    "g.syscallsp": 104, "g.syscallpc": 112, "g.atomicstatus": 144, "g.goid": 152, "g.waitreason": 176,
    "g.lockedm": 208, "g.trackingSeq": 189,
    "g.parentGoid": 280, "g.gopc": 288, "g.startpc": 304, "g.labels": 352,
  ])
}

/// The small scheduler.
struct FakeTarget {
  let memory: FakeMemory
  let layout: GoLayout
  let variables: Variables

  static let globals: UInt64 = 0x60_0000
  static let (allp, allm, allgs, sched, reasons): (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    globals, globals + 0x100, globals + 0x200, globals + 0x1000, globals + 0x300
  )
  static let lists: UInt64 = 0xc0_0000_0000
  static func p(_ index: Int) -> UInt64 { 0xc0_0001_0000 + UInt64(index) * 0x5000 }
  static func m(_ index: Int) -> UInt64 { 0xc0_0010_0000 + UInt64(index) * 0x1000 }
  static func g(_ index: Int) -> UInt64 { 0xc0_0020_0000 + UInt64(index) * 480 }
  static func g0(_ index: Int) -> UInt64 { 0xc0_0030_0000 + UInt64(index) * 0x1000 }
  static let gs = 40

  init() throws {
    layout = try GoLayout(.descriptors, FakeFields.go127, scheduler: #require(SchedulerTable(minor: 27)))
    variables = Variables(
      allp: Self.allp, allm: Self.allm, allgs: Self.allgs, sched: Self.sched, waitReasons: Self.reasons,
      waitReasonCount: 4)
    func piece(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
    var pieces = [Self.globals: piece(0x3000), Self.lists: piece(0x1000), Self.g(0): piece(480 * Self.gs)]
    for index in 0..<2 { pieces[Self.p(index)] = piece(0x5000 - 0x100) }
    for index in 0..<3 { (pieces[Self.m(index)], pieces[Self.g0(index)]) = (piece(0x800), piece(480)) }
    memory = FakeMemory(pieces)
    fillLists()
    fillScheduler()
  }

  private func fillLists() {
    let (ps, gs, texts) = (Self.lists, Self.lists + 0x100, Self.lists + 0x800)
    for (place, value) in [(0, ps), (8, 2), (16, 2)] {
      memory.write(UInt64(value), at: Self.allp + UInt64(place))
    }
    for (place, value) in [(0, gs), (8, UInt64(Self.gs)), (16, 64)] {
      memory.write(value, at: Self.allgs + UInt64(place))
    }
    for index in 0..<2 { memory.write(Self.p(index), at: ps + UInt64(8 * index)) }
    for index in 0..<Self.gs { memory.write(Self.g(index), at: gs + UInt64(8 * index)) }
    memory.write(Self.m(2), at: Self.allm)
    for (index, word) in ["", "GC assist marking", "IO wait", "chan receive"].enumerated() {
      memory.write(texts + UInt64(64 * index), at: Self.reasons + UInt64(16 * index))
      memory.write(UInt64(word.utf8.count), at: Self.reasons + UInt64(16 * index + 8))
      memory.write(Array(word.utf8), at: texts + UInt64(64 * index))
    }
  }

  private func fillScheduler() {
    for index in 0..<3 {
      let m = Self.m(index)
      memory.write(Self.g0(index), at: m)
      memory.write(UInt64(100 + index), at: m + 64)
      memory.write(UInt64(index), at: m + 232)
      memory.write(index == 0 ? 0 : Self.m(index - 1), at: m + 352)
      memory.write(m, at: Self.g0(index) + 48)
    }
    // M0 runs G1 on P0; P1 is idle; M2 is asleep.
    memory.write(Self.g(0), at: Self.m(0) + 184)
    memory.write(Self.p(0), at: Self.m(0) + 208)
    memory.write([1], at: Self.m(2) + 277)
    memory.write(1 << 32, at: Self.p(0))
    memory.write(Self.m(0), at: Self.p(0) + 48)
    memory.write([10, 0, 0, 0, 13, 0, 0, 0], at: Self.p(0) + 392)
    memory.write([1, 0, 0, 0], at: Self.p(1))
    for index in 0..<Self.gs {
      let g = Self.g(index)
      memory.write(0x7000_0000, at: g)
      memory.write(0x7000_2000, at: g + 8)
      memory.write([index == 0 ? 2 : index % 10 == 9 ? 6 : 4], at: g + 144)
      memory.write(UInt64(index + 1), at: g + 152)
      memory.write([3], at: g + 176)
      memory.write(0x40_1000, at: g + 304)
    }
    memory.write(Self.m(0), at: Self.g(0) + 48)
    let fields = layout.scheduler
    memory.write(3, at: Self.sched + UInt64(fields.mnext))
    memory.write([0x10, 0x27, 0, 0], at: Self.sched + UInt64(fields.maxmcount))
    memory.write(Self.p(1), at: Self.sched + UInt64(fields.pidle))
    memory.write([1, 0, 0, 0], at: Self.sched + UInt64(fields.npidle))
    memory.write([1, 0, 0, 0], at: Self.sched + UInt64(fields.nmidle))
  }
}
