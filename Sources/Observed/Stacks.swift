// Stacks of Gs, where a source can read them: at which place of its code each G stands.

/// One call on a stack. A plain value.
public struct StackFrame: Sendable, Hashable {
  /// The function's name, as its language prints it.
  public var function: String
  /// The file; nil: not known.
  public var file: String?
  /// The line that runs, or that calls the next frame; nil: not known.
  public var line: Int?
  /// Whether the call was inlined, so that it has no frame of its own in memory.
  public var isInlined: Bool
  /// Whether the code belongs to the language's own library or runtime, and not to the program.
  public var isLibrary: Bool

  /// Makes a call from its parts.
  public init(
    function: String, file: String? = nil, line: Int? = nil, isInlined: Bool = false, isLibrary: Bool = false
  ) {
    (self.function, self.file, self.line) = (function, file, line)
    (self.isInlined, self.isLibrary) = (isInlined, isLibrary)
  }

  /// The call in one line: `main.serve at main.go:31`.
  public var text: String {
    function + (file.map { " at \($0.split(separator: "/").last ?? ""):\(line.orDash)" } ?? "")
  }
}

/// The calls of one stack. A plain value.
public struct CallStack: Sendable, Hashable {
  /// The calls, the innermost first.
  public var frames: [StackFrame]
  /// Why there are no more frames, in words; nil: the stack is whole.
  public var cut: String?

  /// Makes a stack from its calls.
  public init(frames: [StackFrame], cut: String? = nil) { (self.frames, self.cut) = (frames, cut) }

  /// The innermost call of the program's own code; if it has none, the outermost call, with which the G began. nil: there
  /// are no calls.
  public var own: StackFrame? { frames.first { !$0.isLibrary } ?? frames.last }

  /// The calls of the program's own code by which stacks are grouped: the innermost first, at most eight; if the
  /// program has none on the stack, the outermost call. Two stacks that differ only in the library's calls have the
  /// same own calls.
  public var ownCalls: ArraySlice<StackFrame> {
    let own = frames.filter { !$0.isLibrary }
    return own.isEmpty ? frames.suffix(1) : own.prefix(8)
  }

  /// The own calls as text for a filter, each with `<` at its end:
  /// `main.wait at main.go:5< main.main at main.go:9<`.
  public var ownCallsText: String { ownCalls.map { $0.text + "<" }.joined(separator: " ") }
}

/// The choice of Gs whose stacks are wanted.
public enum StackQuestion: Sendable, Equatable {
  /// The Gs with these ids.
  case some([UInt64])
  /// All Gs of the target.
  case all
}

/// The stacks of some Gs. A plain value.
public struct Stacks: Sendable, Equatable {
  /// What is known of one G's stack.
  public enum Outcome: Sendable, Hashable {
    /// The stack was read; the number is its index in `distinct`.
    case stack(Int)
    /// The G runs, so its registers are in a thread and not in memory.
    case running
    /// The G went on while its stack was read.
    case moved
    /// There is no G with this id any more.
    case gone
    /// The memory of the G or its stack cannot be read, or makes no sense.
    case unreadable

    /// The reason why there is no stack, in words; nil: there is one.
    public var absence: String? {
      switch self {
      case .stack: nil
      case .running: "it runs: its stack is in use, and its registers are in a thread"
      case .moved: "moved: it went on while its stack was read"
      case .gone: "it is gone"
      case .unreadable: "its stack cannot be read"
      }
    }
  }

  /// What is known of each G that was asked for, by its id.
  public var outcomes: [UInt64: Outcome]
  /// All different stacks, each only once.
  public var distinct: [CallStack]
  /// Labels that the program gave to its Gs, as `key=value`, by the id of the G. A G without labels is missing.
  public var labels: [UInt64: String]

  /// Makes the answer to a question.
  public init(outcomes: [UInt64: Outcome], distinct: [CallStack], labels: [UInt64: String] = [:]) {
    (self.outcomes, self.distinct, self.labels) = (outcomes, distinct, labels)
  }

  /// The index of a G's stack in `distinct`; nil: no stack of the G was read.
  public func number(of g: UInt64) -> Int? {
    guard case .stack(let number) = outcomes[g], distinct.indices.contains(number) else { return nil }
    return number
  }

  /// The stack of a G; nil: none was read.
  public subscript(g: UInt64) -> CallStack? { number(of: g).map { distinct[$0] } }
}
