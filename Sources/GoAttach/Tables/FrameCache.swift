// A cache of frames by pc. The stacks of 100,000 goroutines have only a few hundred different pcs.

/// Remembers the frames that the tables tell for each pc. For one thread at a time.
public struct GoFrameCache {
  private let tables: GoTables
  private var frames: [Key: [GoFrame]] = [:]
  private var held = 0
  /// About how many bytes of names may be held. A damaged table could give another name at each pc.
  private static let limit = 16 << 20

  private struct Key: Hashable {
    let pc: UInt64
    let isCall: Bool
  }

  /// Makes an empty cache for the functions of one program.
  public init(_ tables: GoTables) { self.tables = tables }

  /// The calls at `pc` with wrappers. See `GoTables.frames`.
  mutating func all(at pc: UInt64, isCall: Bool) -> [GoFrame] {
    let key = Key(pc: pc, isCall: isCall)
    if let known = frames[key] { return known }
    let new = tables.allFrames(at: pc, isCall: isCall)
    held += new.reduce(200) { $0 + 200 + $1.function.utf8.count + ($1.file?.utf8.count ?? 0) }
    if held > Self.limit {
      frames.removeAll()
      held = 0
    }
    frames[key] = new
    return new
  }

  /// The calls of a whole stack, the innermost first, without wrappers.
  ///
  /// A pc outside of all Go functions has one frame, whose function is the pc as a number.
  public mutating func frames(of stack: GoStack) -> [GoFrame] {
    var (callee, isCall, result) = (FrameTraits(), !stack.isInterrupted, [GoFrame]())
    for pc in stack.pcs {
      let all = all(at: pc, isCall: isCall)
      if all.isEmpty { result.append(.unknown(at: pc)) }
      result += GoFrame.shown(all, callee: &callee)
      // The function outside of a signal's frame was interrupted at its pc. Any other function made a call that
      // returns to its pc.
      isCall = !(all.last?.traits.contains(.injected) ?? false)
    }
    return result
  }

  /// The calls of a stack that Go would print: without its machinery, unless there is nothing else.
  public mutating func shownFrames(of stack: GoStack) -> [GoFrame] {
    let all = frames(of: stack)
    // If the innermost frame that is left is a panic, Go's machinery is at work for it, so the panic is left out too.
    let shown = all.filter { !$0.isMachinery }.drop { $0.function == "runtime.gopanic" }
    return shown.isEmpty ? all : Array(shown)
  }
}

extension GoFrame {
  static func unknown(at pc: UInt64) -> GoFrame {
    GoFrame(
      function: "0x" + String(pc, radix: 16), file: nil, line: nil, startLine: nil, isInlined: false, pc: pc,
      offset: 0, isMachinery: false, traits: [])
  }
}
