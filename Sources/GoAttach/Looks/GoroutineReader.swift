// All Gs: a hundred thousand of them in some milliseconds.
//
// §1 The list. `allgs` only grows, and a g is never freed: a dead one stays in the list, with its old id, until it is used
// again. So addresses are read once, and each look reads only what is new of the list.
//
// §2 Runs. The time of a call depends on the number of its ranges, half a microsecond each, not on the number of bytes. Gs lie
// side by side in the heap. So neighbours are read as one range, called a run, which moves more bytes and takes a sixth of the
// time. One megabyte at a time goes through one buffer, which stays in the cache and keeps the reader small.
//
// §3 Ages. The runtime keeps no moment at which a G began to wait: `g.waitsince` is written by the garbage collector, if at
// all. So a G's age counts from the first look that saw it as it is: with the same id, status, reason and pc. All parked Gs
// have the same pc, in gopark. So `g.trackingSeq` is compared too. It grows each time that the G stops running, so the age
// begins anew for a G that ran and parked again between two looks. A G is therefore at least as old as its age says, unless it
// stopped running 256 times, or a multiple of that, between two looks: `trackingSeq` is one byte, and wraps.

/// One G of a target, as far as it was seen. A plain value.
package struct GoroutineLook: Sendable, Equatable {
  package var address: UInt64
  package var id: UInt64 = 0
  /// The G's status, without the flag for its stack being scanned.
  package var status: UInt8 = 0
  package var reason: UInt8 = 0
  /// A number that grows each time that the G stops running, and wraps; 0: the program does not tell.
  package var generation: UInt8 = 0
  /// Whether the G is one of the runtime's own.
  package var isSystem = false
  package var m: UInt64 = 0
  /// Where the G goes on when it runs again.
  package var pc: UInt64 = 0
  /// The address behind the go statement that created the G, and the function with which it began.
  package var creator: UInt64 = 0
  package var start: UInt64 = 0
  package var parent: UInt64 = 0
  /// Whether the G runs on one thread only (LockOSThread).
  package var isLocked = false
  /// The address of the G's pprof labels; 0: it has none.
  package var labels: UInt64 = 0
  /// When a look first saw the G as it is (§3), in nanoseconds of the monotonic clock.
  package var since: UInt64 = 0

  package init(address: UInt64) { self.address = address }

  /// Whether no goroutine is there: the memory waits to be used again, or is set aside for a thread of C.
  package var isDead: Bool { status == 0 || status == 5 || status == 6 || status == 7 || status == 11 }
}

/// Reads the Gs of one target. Not thread-safe.
package struct GoroutineReader {
  private let memory: any TargetMemory
  private let layout: GoLayout.G
  private let list: UInt64
  /// Tells by the address of a goroutine's first function whether the goroutine is one of the runtime's own.
  private let isSystem: (UInt64) -> Bool
  private var systemStarts: [UInt64: Bool] = [:]
  /// All Gs, dead ones too, in the order of their addresses.
  package private(set) var gs: [GoroutineLook] = []
  /// The index in `gs` at which each run begins, and how many Gs it has. See §2.
  private var runs: [(first: Int, count: Int)] = []
  private var bytes: [UInt8] = []
  private var ranges: [MemoryRange] = []

  private static let (part, gap, most) = (1 << 20, 2048, 1 << 24)

  package init(
    _ memory: any TargetMemory, _ layout: GoLayout, _ variables: Variables,
    isSystem: @escaping (UInt64) -> Bool
  ) {
    (self.memory, self.layout, list, self.isSystem) = (memory, layout.g, variables.allgs, isSystem)
  }

  /// Looks at all Gs.
  ///
  /// - Parameter now: the moment, in nanoseconds of the monotonic clock.
  package mutating func read(at now: UInt64) throws(MemoryProblem) {
    try grow()
    var first = 0
    while first < runs.count {
      let (end, size) = nextPart(from: first)
      try read(runs: first..<end, size, now)
      first = end
    }
  }

  /// The addresses of all Gs now, dead ones too, in their order. The Gs themselves are not read.
  package mutating func addresses() throws(MemoryProblem) -> [UInt64] {
    try grow()
    return gs.map(\.address)
  }

  /// Reads the new entries of the list, and sorts all Gs anew.
  private mutating func grow() throws(MemoryProblem) {
    let slice = try memory.words(at: list, 2)
    guard slice[1] <= UInt64(Self.most) else { throw .absurd(slice[1]) }
    let count = Int(slice[1])
    guard count > gs.count else { return }
    let new = try memory.words(at: slice[0] &+ UInt64(8 * gs.count), count - gs.count)
    // Entries at the list's end may not be written yet, so reading ends at the first one that is no address.
    merge(new.prefix { isPlausible(pointer: $0) }.sorted())
    makeRuns()
  }

  /// Puts new Gs among the known ones, in the order of their addresses.
  private mutating func merge(_ new: [UInt64]) {
    var merged: [GoroutineLook] = []
    merged.reserveCapacity(gs.count + new.count)
    var next = 0
    for g in gs {
      while next < new.count, new[next] < g.address {
        merged.append(GoroutineLook(address: new[next]))
        next += 1
      }
      merged.append(g)
    }
    for address in new[next...] { merged.append(GoroutineLook(address: address)) }
    gs = merged
  }

  /// The G at an address; nil: it is not in the list, or was not there at the last look.
  package func g(at address: UInt64) -> GoroutineLook? {
    var (low, high) = (0, gs.count)
    while low < high {
      let middle = (low + high) / 2
      if gs[middle].address < address { low = middle + 1 } else { high = middle }
    }
    return low < gs.count && gs[low].address == address ? gs[low] : nil
  }

  private mutating func makeRuns() {
    runs.removeAll(keepingCapacity: true)
    let span = UInt64(layout.span.count)
    for index in gs.indices {
      let address = gs[index].address
      if let run = runs.last, address &- gs[index - 1].address <= UInt64(Self.gap),
        address &- gs[run.first].address + span < UInt64(Self.part)
      {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((index, 1))
      }
    }
  }

  /// The range of memory that is read for one run, which is a row of Gs that lie side by side.
  private func range(_ run: Int) -> MemoryRange {
    let (first, count) = runs[run]
    let (low, high) = (gs[first].address, gs[first + count - 1].address)
    return MemoryRange(low &+ UInt64(layout.span.lowerBound), Int(high - low) + layout.span.count)
  }

  /// Collects the ranges of the runs that are read by one call, from the run `first` on. Returns the number of the
  /// run behind the last of them, and the sum of their bytes.
  private mutating func nextPart(from first: Int) -> (end: Int, size: Int) {
    ranges.removeAll(keepingCapacity: true)
    var (end, size) = (first, 0)
    while end < runs.count, ranges.count < mostRanges {
      let range = range(end)
      guard ranges.isEmpty || size + range.count <= Self.part else { break }
      ranges.append(range)
      size += range.count
      end += 1
    }
    return (end, size)
  }

  private mutating func read(runs part: Range<Int>, _ size: Int, _ now: UInt64) throws(MemoryProblem) {
    if bytes.count < size { bytes = [UInt8](repeating: 0, count: max(size, Self.part)) }
    let memory = memory
    let result = unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe ranges.withUnsafeBufferPointer { ranges in
        Result { () throws(MemoryProblem) in
          try unsafe memory.read(ranges, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
        }
      }
    }
    // Memory of Gs is never given back, so a range that cannot be read is damaged. Its Gs keep the values of the last look.
    let read = try result.get()
    guard read == part.count else { throw .unmapped(ranges[min(read, ranges.count - 1)].address) }
    var place = 0
    for run in part {
      let (first, count) = runs[run]
      decode(first..<first + count, place - layout.span.lowerBound, now)
      place += ranges[run - part.lowerBound].count
    }
  }

  /// - Parameter place: the index in `bytes` at which the first of these Gs would begin if its bytes before
  ///   `layout.span` had been read too; it may be negative.
  private mutating func decode(_ indices: Range<Int>, _ place: Int, _ now: UInt64) {
    let (layout, start) = (layout, gs[indices.lowerBound].address)
    var new: [(Int, Int)] = []
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe gs.withUnsafeMutableBufferPointer { gs in
        for index in indices {
          let place = unsafe place + Int(gs[index].address - start)
          let base = unsafe bytes.baseAddress! + place
          let id = unsafe base.loadUnaligned(fromByteOffset: layout.goid, as: UInt64.self)
          let word = unsafe base.loadUnaligned(fromByteOffset: layout.atomicstatus, as: UInt32.self)
          let reason = unsafe base.loadUnaligned(fromByteOffset: layout.waitreason, as: UInt8.self)
          let pc = unsafe base.loadUnaligned(fromByteOffset: layout.pc, as: UInt64.self)
          unsafe gs[index].isLocked = base.loadUnaligned(fromByteOffset: layout.lockedm, as: UInt64.self) != 0
          if let labels = layout.labels {
            unsafe gs[index].labels = base.loadUnaligned(fromByteOffset: labels, as: UInt64.self)
          }
          let generation = layout.trackingSeq.map {
            unsafe base.loadUnaligned(fromByteOffset: $0, as: UInt8.self)
          }
          unsafe gs[index].m = base.loadUnaligned(fromByteOffset: layout.m, as: UInt64.self)
          let status = UInt8(truncatingIfNeeded: word)
          let isNew = unsafe gs[index].id != id || gs[index].start == 0
          if isNew { new.append((index, place)) }
          let g = unsafe gs[index]
          if isNew || g.status != status || g.reason != reason || g.pc != pc
            || g.generation != generation ?? 0
          {
            unsafe (gs[index].status, gs[index].reason, gs[index].pc, gs[index].since) = (
              status, reason, pc, now
            )
            unsafe gs[index].generation = generation ?? 0
          }
          unsafe gs[index].id = id
        }
      }
    }
    for (index, place) in new { begin(index, place) }
  }

  /// Notes the facts of a new goroutine, which has got this g.
  private mutating func begin(_ index: Int, _ place: Int) {
    gs[index].creator = bytes.word(place + layout.gopc)
    gs[index].start = bytes.word(place + layout.startpc)
    gs[index].parent = layout.parentGoid.map { bytes.word(place + $0) } ?? 0
    let start = gs[index].start
    if let known = systemStarts[start] {
      gs[index].isSystem = known
    } else {
      gs[index].isSystem = isSystem(start)
      systemStarts[start] = gs[index].isSystem
    }
  }
}
