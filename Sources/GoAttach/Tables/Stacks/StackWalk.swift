// From a stack's bytes to the addresses to which its calls return.
//
// §1 The problem. Frame pointers chain the frames, but not all of them: a function without a frame of its own, such as a
// leaf in assembly, has none, and a goroutine in a system call has no valid frame pointer before Go 1.23.
//
// §2 The design is that of Go's own unwinder: the tables say for each pc how far the stack pointer is below the return
// address. That misses no frame and needs no frame pointer. It costs a look into the tables for each frame, so the answers
// are remembered: a program's parked goroutines stand at a few hundred pcs. Each step leads to a higher address, so a
// walk ends. The frame pointer is used where the tables do not know the innermost function, which then is no Go code.

/// How the next frame outwards is found from a pc.
private struct WalkStep {
  enum Kind: UInt8 {
    /// The return address is `distance` bytes above the stack pointer.
    case call
    case top
    /// The pc lies in a Go function whose frame's size no table tells.
    case opaque
    /// The pc lies in no Go function.
    case unknown
  }

  let distance: Int32
  let kind: Kind
}

/// Walks stacks, and remembers what the tables said. For one thread at a time.
struct StackWalk {
  private let tables: GoTables
  /// The steps that were found already, by pc, in a hash table with open addressing. A pc of 0 is a free place.
  private var keys: [UInt64]
  private var steps: [WalkStep]
  private var used = 0
  /// More pcs than any program's stacks have. A damaged memory has more, and what was remembered is then forgotten.
  private static let most = 1 << 17

  init(_ tables: GoTables) {
    self.tables = tables
    keys = Array(repeating: 0, count: 1024)
    steps = Array(repeating: WalkStep(distance: 0, kind: .unknown), count: 1024)
  }

  /// Walks one stack.
  ///
  /// - Parameters:
  ///   - used: The addresses whose bytes are in `window`, from `place` on.
  ///   - pcs: Is filled with the stack. See `GoStack.pcs`.
  ///   - limit: How many frames are walked at most.
  mutating func walk(
    _ start: GoStackStart, used: Range<UInt64>, in window: MemoryWindow, at place: Int, limit: Int,
    pcs: inout [UInt64]
  ) -> GoStack.End {
    pcs.removeAll(keepingCapacity: true)
    var (pc, sp) = (start.pc, start.sp)
    while true {
      let step = step(at: pc)
      // A function in assembly may run without a frame of its own. Then the distance is 0.
      var back = sp &+ UInt64(truncatingIfNeeded: Int(step.distance))
      switch step.kind {
      case .call: break
      case .top:
        pcs.append(pc)
        return .top
      case .opaque:
        pcs.append(pc)
        return .unknownFunction
      case .unknown:
        guard pcs.isEmpty else { return .torn }
        guard start.bp >= sp, start.bp % 8 == 0, start.bp < used.upperBound else {
          pcs.append(pc)
          return .unknownFunction
        }
        back = start.bp &+ 8
      }
      pcs.append(pc)
      if pcs.count == limit { return .limit }
      guard back >= sp, back <= used.upperBound - 8 else {
        return used.upperBound < start.high ? .limit : .torn
      }
      pc = window.word(at: place + Int(back - used.lowerBound))
      sp = back + 8
      if pc == 0 { return .torn }
    }
  }

  private mutating func step(at pc: UInt64) -> WalkStep {
    var place = Self.place(of: pc, mask: keys.count - 1)
    while keys[place] != 0 {
      if keys[place] == pc { return steps[place] }
      place = (place + 1) & (keys.count - 1)
    }
    let new = askedStep(at: pc)
    if used * 2 >= keys.count { grow() }
    insert(pc, new)
    return new
  }

  private func askedStep(at pc: UInt64) -> WalkStep {
    guard let function = tables.record(at: pc) else { return WalkStep(distance: 0, kind: .unknown) }
    let flags = GoFunctionFlags(rawValue: function.flags)
    if flags.contains(.top) { return WalkStep(distance: 0, kind: .top) }
    guard let distance = tables.stackDelta(at: pc), distance <= Int(Int32.max) else {
      return WalkStep(distance: 0, kind: .opaque)
    }
    return WalkStep(distance: Int32(distance), kind: .call)
  }

  private mutating func insert(_ pc: UInt64, _ step: WalkStep) {
    var place = Self.place(of: pc, mask: keys.count - 1)
    while keys[place] != 0 { place = (place + 1) & (keys.count - 1) }
    (keys[place], steps[place]) = (pc, step)
    used += 1
  }

  private mutating func grow() {
    let old = zip(keys, steps).filter { $0.0 != 0 }
    let isFull = used >= Self.most
    let count = isFull ? 1024 : keys.count * 2
    keys = Array(repeating: 0, count: count)
    steps = Array(repeating: WalkStep(distance: 0, kind: .unknown), count: count)
    used = 0
    if !isFull { for (pc, step) in old { insert(pc, step) } }
  }

  @inline(__always)
  private static func place(of pc: UInt64, mask: Int) -> Int {
    Int(truncatingIfNeeded: (pc &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
  }
}
