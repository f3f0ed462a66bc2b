// Stacks in the form in which a Go program prints them when it gets SIGQUIT, which many tools and people can read.
//
// Arguments are not read, so every function's are `...`, which Go itself prints for inlined calls.

/// Writes stacks as text.
public struct StackText {
  /// The number of frames that are shown at each end of a long stack. Go leaves out the middle, and so do we.
  static let shownAtEachEnd = 50
  /// The number of stacks whose texts are kept: some megabytes.
  private static let kept = 1000
  private var frames: GoFrameCache
  private let stacks: GoStacks
  /// Whether Go's machinery is shown, as with GOTRACEBACK=system.
  private let showsMachinery: Bool
  /// The texts of stacks and of creators that were written already, for the next goroutine with the same stack or
  /// creator.
  private var bodies: [Int: String] = [:]
  private var creators: [UInt64: GoFrame?] = [:]

  /// Makes a writer for goroutines whose stacks are in `stacks`.
  public init(_ tables: GoTables, _ stacks: GoStacks, showsMachinery: Bool = false) {
    (frames, self.stacks) = (GoFrameCache(tables), stacks)
    self.showsMachinery = showsMachinery
  }

  /// Writes one goroutine with its stack, without an empty line behind it.
  public mutating func text(of goroutine: GoStackListing) -> String {
    let state = ([goroutine.state] + goroutine.remarks).joined(separator: ", ")
    var text = "goroutine \(goroutine.id) [\(state)]:\n"
    switch goroutine.stack {
    case .stack(let number) where stacks.distinct.indices.contains(number):
      text += body(of: number)
    case .running: text += "\tgoroutine running on a thread; stack unavailable\n"
    case .moved: text += "\tgoroutine went on while it was read; stack unavailable\n"
    case .stack, .absent, .unreadable: text += "\tstack unreadable\n"
    }
    if goroutine.id != 1, let creator = creator(at: goroutine.creator),
      showsMachinery || !creator.isMachinery
    {
      text += "created by \(creator.function)"
      if let parent = goroutine.parent, parent != 0 { text += " in goroutine \(parent)" }
      text += "\n" + Self.place(of: creator)
    }
    return text
  }

  private mutating func creator(at pc: UInt64) -> GoFrame? {
    if let known = creators[pc] { return known }
    let creator = frames.creator(at: pc)
    creators[pc] = .some(creator)
    return creator
  }

  private mutating func body(of number: Int) -> String {
    if let known = bodies[number] { return known }
    let text = text(of: stacks.distinct[number])
    if bodies.count < Self.kept { bodies[number] = text }
    return text
  }

  private mutating func text(of stack: GoStack) -> String {
    let all = showsMachinery ? frames.frames(of: stack) : frames.shownFrames(of: stack)
    let elided = all.count - 2 * Self.shownAtEachEnd
    var text = ""
    for (index, frame) in all.enumerated() {
      if elided > 0, index == Self.shownAtEachEnd { text += "...\(elided) frames elided...\n" }
      if elided > 0, index >= Self.shownAtEachEnd, index < Self.shownAtEachEnd + elided { continue }
      // Go prints this function as `panic`, the word for which people search.
      let name = frame.function == "runtime.gopanic" ? "panic" : frame.function
      text += "\(name)(...)\n" + Self.place(of: frame)
    }
    switch stack.end {
    case .top: break
    case .limit: text += "...more frames were not read...\n"
    case .unknownFunction: text += "...the frames further out cannot be found...\n"
    case .torn: text += "...further out is none of its functions: the stack changed, or is a plugin's...\n"
    }
    return text
  }

  private static func place(of frame: GoFrame) -> String {
    let place = "\t\(frame.file ?? "?"):\(frame.line ?? 0)"
    return frame.isInlined || frame.offset == 0
      ? place + "\n" : place + " +0x\(String(frame.offset, radix: 16))\n"
  }
}
