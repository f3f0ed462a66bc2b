// Whether what was found is a scheduler. A target is shown only if all that is true of every scheduler is true of it. A live
// scheduler changes while it is read, so a check that fails is tried again, up to 200 times. If it never holds, the target is
// refused, and the refusal names the check.

/// Checks one target's layout and variables against its memory.
package enum Validation {
  package static let attempts = 200

  package static func check(
    _ memory: some TargetMemory, _ layout: GoLayout, _ variables: Variables, attempts: Int = attempts
  ) throws(GoRefusal) {
    var problem: GoRefusal?
    for _ in 0..<attempts {
      do throws(MemoryProblem) {
        problem = try look(memory, layout, variables).map { .contradiction($0) }
        if problem == nil { return }
      } catch {
        if case .unmapped(let address) = error {
          problem = .contradiction("a pointer leads to 0x\(String(address, radix: 16)), where nothing is")
        } else {
          throw .memory(error)
        }
      }
    }
    throw problem ?? .contradiction("nothing could be read")
  }

  /// What is wrong with the target at this moment; nil: nothing.
  private static func look(
    _ memory: some TargetMemory, _ layout: GoLayout, _ variables: Variables
  ) throws(MemoryProblem) -> String? {
    let slice = try memory.words(at: variables.allp, 3)
    guard slice[1] > 0, slice[1] <= slice[2], slice[2] <= 1 << 16 else {
      return "allp has \(slice[1]) of \(slice[2]) Ps"
    }
    let ps = try memory.words(at: slice[0], Int(slice[1]))
    let scheduler = try memory.bytes(at: variables.sched, layout.scheduler.size)
    if let problem = problem(scheduler: scheduler, layout, ps: ps) { return problem }
    let mnext = scheduler.load(layout.scheduler.mnext, as: Int64.self)
    if let problem = try machines(memory, layout, variables, mnext) { return problem }
    for (index, p) in ps.enumerated() {
      if let problem = try processor(memory, layout, p, index) { return problem }
    }
    return try goroutines(memory, layout, variables)
  }

  /// What is wrong with the bytes of a scheduler; nil: nothing.
  static func problem(scheduler bytes: [UInt8], _ layout: GoLayout, ps: [UInt64]) -> String? {
    let fields = layout.scheduler
    func number(_ offset: Int) -> Int32 { bytes.load(offset, as: Int32.self) }
    let mnext = bytes.load(fields.mnext, as: Int64.self)
    guard (1...1 << 24).contains(mnext) else { return "sched.mnext is \(mnext)" }
    guard number(fields.maxmcount) > 0 else { return "sched.maxmcount is \(number(fields.maxmcount))" }
    guard (0...Int32(ps.count)).contains(number(fields.npidle)) else {
      return "sched.npidle is \(number(fields.npidle))"
    }
    for (name, offset) in [
      ("nmidle", fields.nmidle), ("nmidlelocked", fields.nmidlelocked), ("nmspinning", fields.nmspinning),
      ("nmsys", fields.nmsys),
    ] {
      guard (-1...Int32(mnext)).contains(number(offset)) else { return "sched.\(name) is \(number(offset))" }
    }
    let idle = bytes.word(fields.pidle)
    guard idle == 0 || ps.contains(idle) else { return "sched.pidle is none of allp" }
    guard (idle == 0) == (number(fields.npidle) == 0) else { return "sched.pidle and sched.npidle disagree" }
    let (head, size) = (bytes.word(fields.grqHead), number(fields.grqSize))
    guard size >= 0, (head == 0) == (size == 0) else {
      return "the global queue has \(size) Gs, and its head is \(head)"
    }
    guard bytes[fields.gcwaiting] <= 1 else { return "sched.gcwaiting is \(bytes[fields.gcwaiting])" }
    return nil
  }

  private static func machines(
    _ memory: some TargetMemory, _ layout: GoLayout, _ variables: Variables, _ mnext: Int64
  ) throws(MemoryProblem) -> String? {
    var (m, ids) = (try memory.word(at: variables.allm), Set<Int64>())
    while m != 0 {
      guard isPlausible(pointer: m), ids.count < 1 << 20 else {
        return "the list of Ms leads to 0x\(String(m, radix: 16))"
      }
      let bytes = try memory.bytes(at: m, layout.m.size)
      let id = bytes.load(layout.m.id, as: Int64.self)
      guard (0..<mnext).contains(id), ids.insert(id).inserted else { return "an M has the id \(id)" }
      guard bytes[layout.m.spinning] <= 1, bytes[layout.m.blocked] <= 1 else {
        return "M\(id) spins or is blocked by no bool"
      }
      let g0 = bytes.word(layout.m.g0)
      guard isPlausible(pointer: g0), try memory.word(at: g0 &+ UInt64(layout.g.m)) == m else {
        return "the g0 of M\(id) belongs to another M"
      }
      let g = bytes.word(layout.m.curg)
      if g != 0 {
        guard isPlausible(pointer: g) else { return "M\(id) runs no G" }
        let owner = try memory.word(at: g &+ UInt64(layout.g.m))
        guard owner == m || owner == 0 else { return "the G of M\(id) says that another M runs it" }
      }
      m = bytes.word(layout.m.alllink)
    }
    return ids.contains(0) ? nil : "there is no M0"
  }

  private static func processor(
    _ memory: some TargetMemory, _ layout: GoLayout, _ p: UInt64, _ index: Int
  ) throws(MemoryProblem) -> String? {
    guard isPlausible(pointer: p) else { return "P\(index) lies nowhere" }
    let bytes = try memory.bytes(at: p, layout.p.m + 8)
    let (id, status) = (bytes.load(layout.p.id, as: Int32.self), bytes.load(layout.p.status, as: UInt32.self))
    guard id == Int32(index), status <= 4 else { return "P\(index) has id \(id) and status \(status)" }
    let queue = try memory.bytes(at: p &+ UInt64(layout.p.runqhead), 8)
    let depth = queue.load(4, as: UInt32.self) &- queue.load(0, as: UInt32.self)
    guard depth <= 256 else { return "the queue of P\(index) has \(depth) Gs" }
    let m = bytes.word(layout.p.m)
    guard m != 0 else { return status == 1 ? "P\(index) runs without an M" : nil }
    guard isPlausible(pointer: m), try memory.word(at: m &+ UInt64(layout.m.p)) == p || status == 2 else {
      return "the M of P\(index) holds another P"
    }
    return nil
  }

  private static func goroutines(
    _ memory: some TargetMemory, _ layout: GoLayout, _ variables: Variables
  ) throws(MemoryProblem) -> String? {
    let slice = try memory.words(at: variables.allgs, 3)
    guard slice[1] > 0, slice[1] <= slice[2], slice[2] < 1 << 28 else {
      return "allgs has \(slice[1]) of \(slice[2]) Gs"
    }
    for (index, g) in try memory.words(at: slice[0], min(Int(slice[1]), 100)).enumerated() {
      guard isPlausible(pointer: g) else { return "the \(index + 1)th G lies nowhere" }
      let bytes = try memory.bytes(at: g, layout.g.span.upperBound)
      let (status, id) = (
        bytes.load(layout.g.atomicstatus, as: UInt32.self) & 0xFFF, bytes.word(layout.g.goid)
      )
      guard status <= 11, index > 0 || id == 1 else {
        return "the \(index + 1)th G has id \(id) and status \(status)"
      }
      let (low, high) = (bytes.word(layout.g.stackLow), bytes.word(layout.g.stackHigh))
      guard status == 6 || status == 11 || low < high else {
        return "the stack of G \(id) ends before it begins"
      }
    }
    return nil
  }
}
