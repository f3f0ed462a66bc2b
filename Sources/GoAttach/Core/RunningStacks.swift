// Stacks of the goroutines that ran when a core was written: their registers are in the notes of their threads.
//
// A thread may have been on another stack than its goroutine's. On the runtime's own stack (g0), the goroutine's registers are
// in g.sched. On the stack for signals, they are in the signal's frame: the kernel puts there the registers of the code that
// the signal interrupted. With GOTRACEBACK=crash, a dying program stops all its threads by a signal, so in its core most
// threads are on that stack.

/// Finds where goroutines stood that ran when the core was written.
private struct RunningStart {
  let program: GoProgram
  /// The addresses to which the kernel lets a signal's handler return. On a stack such a word marks a signal's frame.
  let restorers: Set<UInt64>

  /// How much of a stack is searched for a signal's frame: a stack for signals has 32 KiB.
  private static let searched = 32 << 10
  /// Offsets in a signal's frame from its return address on: flags and a link, then the description of the stack for signals,
  /// then the registers, of which R8 is the first.
  private enum Frame {
    static let (stackLow, stackSize, bp, sp, pc, size) = (24, 40, 128, 168, 176, 184)
  }

  init(_ program: GoProgram) {
    self.program = program
    let code = program.tables.code(of: ["runtime.sigreturn__sigaction", "runtime.sigreturn"])
    restorers = Set(code.map(\.lowerBound))
  }

  /// - Returns: where a goroutine stands, and whether it was interrupted there, so that it made no call; nil: not known.
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
    // Another signal may have interrupted a signal's handler, so there may be several frames of signals.
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

  /// The registers of the code that a signal interrupted, if `sp` is on the stack of that signal's handler; nil: it is not.
  private func interrupted(_ sp: UInt64) -> CoreNotes.Registers? {
    guard let bytes = bytes(from: sp & ~7) else { return nil }
    for place in stride(from: 0, through: bytes.count - Frame.size, by: 8)
    where restorers.contains(bytes.word(place)) {
      let (low, size) = (bytes.word(place + Frame.stackLow), bytes.word(place + Frame.stackSize))
      let address = (sp & ~7) &+ UInt64(place)
      // A signal's frame holds the bounds of the stack on which it lies. A word that is equal to a restorer's address
      // by chance has no such bounds beside it.
      guard address >= low, address &- low < size else { continue }
      return CoreNotes.Registers(
        pc: bytes.word(place + Frame.pc), sp: bytes.word(place + Frame.sp), bp: bytes.word(place + Frame.bp))
    }
    return nil
  }

  /// The bytes of a stack from an address on: 32 KiB, or a half, a quarter and so on of that, until all of them can
  /// be read; nil: not even 512 bytes can.
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
  /// Adds the stacks of the goroutines that ran. A goroutine whose thread is not known keeps the outcome `running`.
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
