// The functions that run at one pc: the one whose code it is, and those that the compiler inlined there.
//
// §1 Go's rule. The values by pc tell for each pc of an inlined call its row in the function's table of inlined calls.
// The row says which function was inlined, and names a place in the caller's code, at the line of the call. That place
// may belong to an inlined call too, and so on up to the function. File and line of a frame are those of its place.
//
// §2 Wrappers. The compiler makes functions that only pass a call on. Go hides them, unless a panic was what they called:
// then the wrapper is where a nil receiver failed.

/// One function call on a stack.
public struct GoFrame: Sendable, Hashable {
  /// The function's name as Go prints it: `main.Map[...]`. See `GoFunction.name`.
  public let function: String
  /// The file as the compiler saw it; nil: the tables do not tell.
  public let file: String?
  /// The line that runs, or that calls the next frame; nil: the tables do not tell.
  public let line: Int?
  /// The line of the function's `func`.
  public let startLine: Int?
  /// Whether the call was inlined, so that it has no frame of its own in memory.
  public let isInlined: Bool
  /// The pc of the frame: the place where it goes on. Frames that are inlined in each other have one pc.
  public let pc: UInt64
  /// By how many bytes the pc is behind the entry of the function whose code it is.
  public let offset: UInt64
  /// Whether the function belongs to Go's own machinery, which Go leaves out of its stacks.
  public let isMachinery: Bool
  let traits: FrameTraits
}

/// What decides how the neighbours of a frame are shown.
struct FrameTraits: OptionSet, Hashable {
  let rawValue: UInt8

  static let wrapper = FrameTraits(rawValue: 1)
  /// The function is part of a panic: a wrapper that called it is shown. See §2.
  static let panic = FrameTraits(rawValue: 2)
  /// A signal put the function on the stack: the next frame outwards did not call it, but was interrupted at its pc.
  static let injected = FrameTraits(rawValue: 4)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(name: String, isWrapper: Bool) {
    self = isWrapper ? .wrapper : []
    switch name {
    case "runtime.gopanic", "runtime.panicwrap": insert(.panic)
    case "runtime.sigpanic": formUnion([.panic, .injected])
    case "runtime.asyncPreempt", "runtime.debugCallV2": insert(.injected)
    default: break
    }
  }
}

extension GoTables {
  /// At most this many calls are followed at one pc; no program inlines so deep.
  private static let deepest = 256
  /// The kind of pc-value table that has the inlined call at each pc, and the kind of funcdata that lists these calls.
  private static let inlinedCall = 2
  private static let inlinedCalls = 3

  /// The calls at `pc`, the innermost first; none: no Go function is there, or only a wrapper.
  ///
  /// - Parameters:
  ///   - isCall: Whether `pc` is where a call returns to. Then it is the call's line that is meant, which is not
  ///   always the line of `pc`. False for a pc at which a signal interrupted the function.
  ///   - showsWrappers: Whether functions that the compiler made are among them. See §2.
  public func frames(at pc: UInt64, isCall: Bool, showsWrappers: Bool = false) -> [GoFrame] {
    if showsWrappers { return allFrames(at: pc, isCall: isCall) }
    var callee: FrameTraits = []
    return GoFrame.shown(allFrames(at: pc, isCall: isCall), callee: &callee)
  }

  /// The calls at `pc` with wrappers.
  func allFrames(at pc: UInt64, isCall: Bool) -> [GoFrame] {
    guard let record = record(at: pc) else { return [] }
    let offset = UInt32(pc - text.lowerBound) - record.entry
    // The call stands before the address to which it returns. A pc at the entry is no such address: the function has
    // not begun.
    var place = isCall && offset > 0 ? offset - 1 : offset
    let table = record.values(Self.inlinedCall)
    let rows = record.details(Self.inlinedCalls)
    var effort = Effort()
    var frames: [GoFrame] = []
    while let rows, frames.count < Self.deepest, let index = value(table, at: place, effort: &effort),
      let call = InlinedCall(details, at: Int(rows), index: Int(index))
    {
      frames.append(
        frame(
          record, pc: pc, place: place, name: call.name, startLine: call.startLine, id: call.id,
          isInlined: true,
          effort: &effort))
      place = call.place
    }
    frames.append(
      frame(
        record, pc: pc, place: place, name: record.nameOffset, startLine: record.startLine, id: record.id,
        isInlined: false, effort: &effort))
    return frames
  }

  private func frame(
    _ record: FunctionRecord, pc: UInt64, place: UInt32, name offset: UInt32, startLine: Int32, id: UInt8,
    isInlined: Bool, effort: inout Effort
  ) -> GoFrame {
    let name = name(offset)
    let file = value(record.fileNumbers, at: place, effort: &effort)
    let line = value(record.lines, at: place, effort: &effort)
    return GoFrame(
      function: FunctionName.shown(name), file: file.flatMap { self.file(Int($0), in: record.unit) },
      line: line.map(Int.init), startLine: startLine > 0 ? Int(startLine) : nil, isInlined: isInlined, pc: pc,
      offset: pc - text.lowerBound - UInt64(record.entry), isMachinery: FunctionName.isMachinery(name),
      traits: FrameTraits(name: name, isWrapper: id == wrapperID))
  }

  /// The name of a compilation unit's file.
  private func file(_ number: Int, in unit: UInt32) -> String? {
    guard let place = units.word32(at: (Int(unit) + number) * 4), place != .max else { return nil }
    return files.text(at: Int(place))
  }
}

/// A row of a function's table of inlined calls.
private struct InlinedCall {
  let id: UInt8
  let name: UInt32
  /// A place in the code that belongs to the caller, in bytes from the function's entry.
  let place: UInt32
  let startLine: Int32

  init?(_ details: GoBytes, at rows: Int, index: Int) {
    let row = rows + 16 * index
    guard let id = details.byte(at: row), let name = details.word32(at: row + 4),
      let place = details.word32(at: row + 8), let line = details.word32(at: row + 12)
    else { return nil }
    (self.id, self.name, self.place, startLine) = (id, name, place, Int32(bitPattern: line))
  }
}

extension GoFrame {
  /// Leaves out wrappers. See §2. `callee` has the traits of what the innermost of `frames` called; afterwards it has those of
  /// the outermost of them, which the next frame outwards called.
  static func shown(_ frames: [GoFrame], callee: inout FrameTraits) -> [GoFrame] {
    frames.filter { frame in
      defer { callee = frame.traits }
      return !frame.traits.contains(.wrapper) || callee.contains(.panic)
    }
  }
}
