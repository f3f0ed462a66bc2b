// A goroutine's stack as addresses: what is read from memory, before the tables say what it means.

/// The stack of a goroutine.
public struct GoStack: Sendable, Hashable {
  /// The pc at which the goroutine goes on, and then where each call returns to, the innermost first.
  public let pcs: [UInt64]
  /// The reason why the stack has no more pcs.
  public let end: End
  /// Whether the goroutine was interrupted at its first pc, as running ones are. If not, a call returns to that pc.
  public let isInterrupted: Bool

  /// The reason why the walk along a stack ended.
  public enum End: UInt8, Sendable, Hashable {
    /// The walk ended at the function with which the goroutine began: the stack is whole.
    case top
    /// The walk ended at a limit of ours: more frames lie further out.
    case limit
    /// The walk ended at a function that no table knows, or that moves the stack pointer as no table tells.
    case unknownFunction
    /// The walk ended at a return address outside of the stack, or of no Go function: the stack changed while it
    /// was read, or is damaged.
    case torn
  }

  /// Makes a stack from its addresses.
  public init(pcs: [UInt64], end: End, isInterrupted: Bool = false) {
    (self.pcs, self.end, self.isInterrupted) = (pcs, end, isInterrupted)
  }
}

/// What the scheduler keeps of a goroutine that does not run, from which its stack is read.
public struct GoStackStart: Sendable, Hashable {
  /// The address of the goroutine's `runtime.g`, by which it is read again; 0: it cannot be read again.
  public var goroutine: UInt64
  /// The pc, the stack pointer and the frame pointer with which the goroutine will go on: those of `g.sched`, or `g.syscallpc`
  /// and `g.syscallsp` in a system call.
  public var pc, sp, bp: UInt64
  /// The bounds of the goroutine's stack: `g.stack`.
  public var low, high: UInt64

  /// Makes a value from the fields of a goroutine.
  public init(goroutine: UInt64, pc: UInt64, sp: UInt64, bp: UInt64, low: UInt64, high: UInt64) {
    (self.goroutine, self.pc, self.sp, self.bp) = (goroutine, pc, sp, bp)
    (self.low, self.high) = (low, high)
  }

  /// The used part of the stack, at most `limit` bytes of it; nil: the numbers make no sense.
  func used(limit: Int) -> Range<UInt64>? {
    guard low < high, sp >= low, sp < high, sp % 8 == 0, pc != 0 else { return nil }
    return sp..<min(high, sp &+ UInt64(limit) & ~7)
  }
}
