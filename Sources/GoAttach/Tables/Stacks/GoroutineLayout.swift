// Where the fields of `runtime.g` lie that are needed for a stack.

/// The places of fields in `runtime.g`, in bytes from its begin. They differ between versions of Go.
public struct GoroutineLayout: Sendable, Hashable {
  /// `stack.lo`, before `stack.hi`.
  public var stack: Int
  /// `sched.sp`, `sched.pc` and `sched.bp`.
  public var sp, pc, bp: Int
  /// `syscallsp` and `syscallpc`.
  public var syscallSP, syscallPC: Int
  /// `syscallbp`; nil: before Go 1.23 there is none.
  public var syscallBP: Int?
  /// `atomicstatus` and `goid`.
  public var status, id: Int
  /// `trackingSeq`, a byte that counts how often the goroutine stopped running; nil: unknown. Without it, a goroutine that
  /// ran and came back to the same place is not noticed. Every version from 1.17 on has it.
  public var generation: Int?
  /// The offsets of further words of a `g`, which are read for the reader's caller.
  var others: [Int] = []

  /// Makes a layout from the offsets of the fields.
  public init(
    stack: Int, sp: Int, pc: Int, bp: Int, syscallSP: Int, syscallPC: Int, syscallBP: Int?, status: Int,
    id: Int,
    generation: Int? = nil
  ) {
    (self.stack, self.sp, self.pc, self.bp) = (stack, sp, pc, bp)
    (self.syscallSP, self.syscallPC, self.syscallBP) = (syscallSP, syscallPC, syscallBP)
    (self.status, self.id, self.generation) = (status, id, generation)
  }

  /// The bytes of a `g` from the first of the layout's fields to behind the last; nil: an offset is
  /// impossible.
  var extent: Range<Int>? {
    let words =
      [
        stack, stack + 8, sp, pc, bp, syscallSP, syscallPC, syscallBP ?? sp, status, id, generation ?? id,
      ] + others
    guard let first = words.min(), let last = words.max(), first >= 0, last < 4096 else { return nil }
    return first..<last + 8
  }
}

/// The fields of one goroutine at one moment.
struct GoroutineFields: Equatable {
  /// The status without the bit that the garbage collector sets while it scans the goroutine's stack.
  let status: UInt32
  let id: UInt64
  let generation: UInt8?
  let start: GoStackStart

  init(_ window: MemoryWindow, at place: Int, goroutine: UInt64, layout: GoroutineLayout, first: Int) {
    func word(_ offset: Int) -> UInt64 { window.word(at: place + offset - first) }
    status = UInt32(truncatingIfNeeded: word(layout.status)) & 0xfff
    id = word(layout.id)
    generation = layout.generation.map { UInt8(truncatingIfNeeded: word($0)) }
    // As Go does: from the start of a system call to its complete end, these fields say where the goroutine left Go code.
    let syscall = word(layout.syscallSP)
    let isInSyscall = syscall != 0
    start = GoStackStart(
      goroutine: goroutine, pc: word(isInSyscall ? layout.syscallPC : layout.pc),
      sp: isInSyscall ? syscall : word(layout.sp),
      bp: isInSyscall ? layout.syscallBP.map(word) ?? 0 : word(layout.bp),
      low: word(layout.stack), high: word(layout.stack + 8))
  }

  /// Why the goroutine has no stack that can be read; nil: it has one.
  var absence: GoStackOutcome? {
    switch status {
    // These are the statuses runnable, in a system call, waiting, preempted, and leaked.
    case 1, 3, 4, 9, 10: nil
    case 2: .running
    // While the goroutine is moved to a larger or a smaller stack, neither stack is whole.
    case 8: .moved
    default: .absent
    }
  }
}
