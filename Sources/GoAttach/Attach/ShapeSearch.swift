// Finding the runtime's variables in a stripped program, by two clues: which addresses the code of certain functions
// may name (every program has these functions), and whether the memory at such an address looks like the wanted
// variable.
//
// The look of the memory alone is not enough: other slices hold Ps, and `sched.midle` points at the same Ms as `allm`.
// The first clue alone is not enough either: most of the addresses that code may name are other variables'. Both together have named the right address in every program that was
// tried.

/// Searches one stripped target for the runtime's variables. Not thread-safe.
struct ShapeSearch {
  let memory: any TargetMemory
  let layout: GoLayout
  let references: Set<UInt64>
  /// The addresses that the code of `runtime.allgadd` may name. This function adds a G to the list of all Gs, so the
  /// list's address is one of them.
  let listReferences: Set<UInt64>

  init(_ memory: any TargetMemory, _ layout: GoLayout, _ module: Module, _ tables: GoTables) throws(GoRefusal)
  {
    (self.memory, self.layout) = (memory, layout)
    // `schedtrace` prints all Ps, Ms and Gs and their reasons, reads most of the scheduler's fields, and is never dead code.
    references = try CodeReferences(
      of: ["runtime.schedtrace", "runtime.schedtrace.func1"], tables, module, memory
    ).addresses
    listReferences = try CodeReferences(of: ["runtime.allgadd"], tables, module, memory).addresses
  }

  func variables() throws(GoRefusal) -> Variables {
    guard
      let allp = candidates.compactMap({ address in processors(at: address).map { (address, $0) } })
        .max(by: { $0.1 < $1.1 })?.0
    else { throw .variable("allp") }
    guard let sched = scheduler(allp) else { throw .variable("sched") }
    let inside = sched..<sched &+ UInt64(layout.scheduler.size)
    guard
      let allm = candidates.filter({ !inside.contains($0) }).compactMap({ address in
        machines(at: address).map { (address, $0) }
      }).max(by: { $0.1 < $1.1 })?.0
    else { throw .variable("allm") }
    guard let allgs = listReferences.filter({ $0 & 7 == 0 }).sorted().first(where: isGoroutineList) else {
      throw .variable("allgs")
    }
    guard let reasons = candidates.first(where: isReasons) else { throw .variable("waitReasonStrings") }
    return Variables(allp: allp, allm: allm, allgs: allgs, sched: sched, waitReasons: reasons)
  }

  private var candidates: [UInt64] { references.filter { $0 & 7 == 0 }.sorted() }

  private func words(_ address: UInt64, _ count: Int) -> [UInt64]? {
    isPlausible(address: address) ? try? memory.words(at: address, count) : nil
  }

  private func word(_ address: UInt64, _ offset: Int) -> UInt64? { words(address &+ UInt64(offset), 1)?[0] }

  /// How much the slice at an address looks like `allp`: one point for each P whose id is its index in the slice, and three if
  /// that P's M also says that it holds the P. nil: it is no list of Ps.
  private func processors(at address: UInt64) -> Int? {
    guard let slice = words(address, 3), isPlausible(pointer: slice[0]), slice[1] > 0, slice[1] <= slice[2],
      slice[2] <= 1 << 16, let ps = words(slice[0], Int(slice[1]))
    else { return nil }
    var score = 0
    for (index, p) in ps.enumerated() {
      guard isPlausible(pointer: p), let bytes = try? memory.bytes(at: p, layout.p.m + 8),
        bytes.load(layout.p.id, as: Int32.self) == Int32(index),
        bytes.load(layout.p.status, as: UInt32.self) <= 4
      else { return nil }
      let m = bytes.word(layout.p.m)
      score += isPlausible(pointer: m) && word(m, layout.m.p) == p ? 3 : 1
    }
    return score
  }

  /// The number of Ms in the list whose head lies at an address; nil: it is no list of Ms. In such a list each M's g0 names
  /// that M, and the last M is M0.
  private func machines(at address: UInt64) -> Int? {
    var (m, count, last) = (word(address, 0) ?? 0, 0, Int64(-1))
    while m != 0 {
      guard isPlausible(pointer: m), count < 20_000, let g0 = word(m, layout.m.g0), isPlausible(pointer: g0),
        word(g0, layout.g.m) == m, let id = word(m, layout.m.id), let next = word(m, layout.m.alllink)
      else { return nil }
      (m, count, last) = (next, count + 1, Int64(bitPattern: id))
    }
    return count > 0 && last == 0 ? count : nil
  }

  /// The address of `sched`: of the addresses where plausible values lie, the one for which code names the most fields.
  private func scheduler(_ allp: UInt64) -> UInt64? {
    let fields = layout.scheduler
    let named = [
      fields.npidle, fields.nmidle, fields.nmidlelocked, fields.nmspinning, fields.mnext, fields.grqSize,
      fields.gcwaiting, fields.nmfreed, fields.nmsys, fields.pidle,
    ]
    var votes: [UInt64: Int] = [:]
    for offset in Set(named) {
      for address in references where (address &- UInt64(offset)) & 7 == 0 {
        votes[address &- UInt64(offset), default: 0] += 1
      }
    }
    let best = votes.filter { $0.value >= 4 }.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
    return best.first { isScheduler($0.key, allp) }?.key
  }

  private func isScheduler(_ address: UInt64, _ allp: UInt64) -> Bool {
    guard let bytes = try? memory.bytes(at: address, layout.scheduler.size), let slice = words(allp, 2),
      let ps = words(slice[0], Int(slice[1]))
    else { return false }
    return Validation.problem(scheduler: bytes, layout, ps: ps) == nil
  }

  private func isGoroutineList(_ address: UInt64) -> Bool {
    guard let slice = words(address, 3), isPlausible(pointer: slice[0]), slice[1] > 0, slice[1] <= slice[2],
      slice[2] < 1 << 28, let first = word(slice[0], 0), isPlausible(pointer: first)
    else { return false }
    return word(first, layout.g.goid) == 1
  }

  private func isReasons(_ address: UInt64) -> Bool {
    (try? WaitReasons(memory, at: address, count: 3)) != nil
  }
}
