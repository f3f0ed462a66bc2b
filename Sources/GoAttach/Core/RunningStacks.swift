// Stacks of the goroutines that ran when a core was written: their registers are in the notes of their threads.
//
// A thread may have been on another stack than its goroutine's: on the runtime's own (g0), when the goroutine had left its
// registers in g.sched; or on the one for signals, at whose beginning the kernel has put the registers of what was
// interrupted. A program that dies of GOTRACEBACK=crash stops all its threads by a signal, so in its core this is the rule.

/// Finds where running goroutines stood.
private struct RunningStart {
  let program: GoProgram
  /// Where the kernel lets a handler return to; the word that tells a signal's frame.
  let restorers: Set<UInt64>

  /// How much of a stack is searched for a signal's frame: a stack for signals has 32 KiB.
  private static let searched = 32 << 10
  /// From the address to return to on: behind flags and a link the description of the stack, then the registers from R8 on.
  private enum Frame {
    static let (stackLow, stackSize, bp, sp, pc, size) = (24, 40, 128, 168, 176, 184)
  }

  init(_ program: GoProgram) {
    self.program = program
    let code = program.tables.code(of: ["runtime.sigreturn__sigaction", "runtime.sigreturn"])
    restorers = Set(code.map(\.lowerBound))
  }

  /// - Returns: where a goroutine stands, and whether its pc is one that it was interrupted at; nil: it is not known.
  func start(of g: UInt64, _ registers: CoreNotes.Registers) -> (GoStackStart, isInterrupted: Bool)? {
    let layout = program.layout.g
    guard let low = word(g, layout.stackLow), let high = word(g, layout.stackHigh), low < high else {
      return nil
    }
    func start(_ registers: CoreNotes.Registers) -> GoStackStart {
      GoStackStart(
        goroutine: 0, pc: registers.pc, sp: registers.sp, bp: registers.bp, low: low, high: high)
    }
    var registers = registers
    // A handler may have been interrupted by another signal.
    for _ in 0..<4 {
      if (low..<high).contains(registers.sp) { return (start(registers), true) }
      guard let before = interrupted(registers.sp) else { break }
      registers = before
    }
    guard let sp = word(g, layout.sp), let pc = word(g, layout.pc), let bp = word(g, layout.bp),
      (low..<high).contains(sp), pc != 0
    else { return nil }
    return (start(CoreNotes.Registers(pc: pc, sp: sp, bp: bp)), false)
  }

  /// The registers of what a signal interrupted whose handler's stack this is; nil: no handler runs here.
  private func interrupted(_ sp: UInt64) -> CoreNotes.Registers? {
    guard let bytes = bytes(from: sp & ~7) else { return nil }
    for place in stride(from: 0, through: bytes.count - Frame.size, by: 8)
    where restorers.contains(bytes.word(place)) {
      let (low, size) = (bytes.word(place + Frame.stackLow), bytes.word(place + Frame.stackSize))
      let address = (sp & ~7) &+ UInt64(place)
      // The frame tells on which stack it lies.
      guard address >= low, address &- low < size else { continue }
      return CoreNotes.Registers(
        pc: bytes.word(place + Frame.pc), sp: bytes.word(place + Frame.sp), bp: bytes.word(place + Frame.bp))
    }
    return nil
  }

  /// What can be read of a stack from an address on.
  private func bytes(from address: UInt64) -> [UInt8]? {
    var count = Self.searched
    while count >= 512 {
      if let bytes = try? program.memory.bytes(at: address, count) { return bytes }
      count /= 2
    }
    return nil
  }

  private func word(_ address: UInt64, _ offset: Int) -> UInt64? {
    try? program.memory.word(at: address &+ UInt64(offset))
  }
}

extension GoCore {
  /// Adds the stacks of those that ran. A goroutine whose thread is not known stays `running`.
  func addRunning(to stacks: GoStacks, of looks: [GoroutineLook], machines: [MachineLook]) -> GoStacks {
    guard var reader = program.stackReader() else { return stacks }
    let threads = Dictionary(machines.filter { $0.g != 0 }.map { ($0.g, $0.tid) }) { first, _ in first }
    let finder = RunningStart(program)
    var (outcomes, distinct) = (stacks.outcomes, stacks.distinct)
    for (index, look) in looks.enumerated() where outcomes[index] == .running {
      guard let registers = threads[look.address].flatMap({ file.notes.threads[$0] }),
        let (start, isInterrupted) = finder.start(of: look.address, registers)
      else { continue }
      let found = reader.stacks(of: [start])
      guard case .stack(let number) = found.outcomes[0], found.distinct.indices.contains(number) else {
        continue
      }
      let stack = found.distinct[number]
      outcomes[index] = .stack(distinct.count)
      distinct.append(GoStack(pcs: stack.pcs, end: stack.end, isInterrupted: isInterrupted))
    }
    return GoStacks(outcomes: outcomes, distinct: distinct)
  }
}
