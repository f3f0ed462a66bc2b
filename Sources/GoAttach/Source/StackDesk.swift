// Stacks for screens: those of a few goroutines, several times a second, or those of all, seldom.
import Observed

/// Reads stacks and puts them into words. Not thread-safe.
struct StackDesk {
  private let program: GoProgram
  private var reader: StackReader
  private var frames: GoFrameCache
  /// The folder of the standard library's sources, with a slash at its end; empty: the program was built with -trimpath. nil:
  /// no stack has told it yet.
  private var library: String?

  /// Labels of more goroutines than this are not read in one go.
  private static let mostLabels = 4096

  /// Makes a reader of stacks for screens; nil: the program's layout does not tell where stacks are.
  init?(_ program: GoProgram) {
    guard let reader = program.stackReader() else { return nil }
    (self.program, self.reader, frames) = (program, reader, GoFrameCache(program.tables))
  }

  /// The stacks of goroutines that were seen lately.
  mutating func stacks(of looks: [GoroutineLook], asked: StackQuestion) -> Stacks {
    // Since the look, the runtime may have given a `g` to another goroutine. So the ids are read again with the
    // stacks, and must still be these.
    let (addresses, ids) = (looks.map(\.address), looks.map(\.id))
    var (read, outcomes): (GoStacks, [UInt64: Stacks.Outcome])
    switch asked {
    case .all:
      (read, outcomes) = (
        program.stacks(of: addresses, ids: ids) ?? reader.stacks(of: addresses, ids: ids), [:]
      )
    case .some(let gs):
      read = reader.stacks(of: addresses, ids: ids)
      outcomes = Dictionary(gs.map { ($0, .gone) }) { first, _ in first }
    }
    for (look, outcome) in zip(looks, read.outcomes) { outcomes[look.id] = Stacks.Outcome(outcome) }
    return Stacks(outcomes: outcomes, distinct: read.distinct.map { words($0) }, labels: labels(of: looks))
  }

  private func labels(of looks: [GoroutineLook]) -> [UInt64: String] {
    // A new reader of labels each time, since the program may have used the memory of old labels for others.
    var (labels, result) = (Labels(program), [UInt64: String]())
    for look in looks.lazy.filter({ $0.labels != 0 }).prefix(Self.mostLabels) {
      guard let pairs = labels.labels(at: look.labels), !pairs.isEmpty else { continue }
      result[look.id] = pairs.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
    return result
  }

  private mutating func words(_ stack: GoStack) -> CallStack {
    if library == nil { library = frames.frames(of: stack).lazy.compactMap { Self.library(of: $0) }.first }
    let calls = frames.shownFrames(of: stack).map { frame in
      StackFrame(
        function: frame.function, file: frame.file, line: frame.line, isInlined: frame.isInlined,
        isLibrary: isLibrary(frame))
    }
    return CallStack(frames: calls, cut: stack.end.words)
  }

  /// The folder of the standard library's sources, as a frame of the runtime tells it; nil: the frame is not
  /// the runtime's.
  private static func library(of frame: GoFrame) -> String? {
    guard frame.function.hasPrefix("runtime."), let file = frame.file else { return nil }
    let parts = file.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[parts.count - 2] == "runtime" else { return nil }
    return parts.dropLast(2).map { $0 + "/" }.joined()
  }

  /// Whether a frame is of Go's runtime or standard library. Where files do not tell, the package's path does: the first
  /// part of another module's path has a dot in it.
  private func isLibrary(_ frame: GoFrame) -> Bool {
    if let library, !library.isEmpty { return frame.file?.hasPrefix(library) ?? true }
    let first = frame.function.prefix { $0 != "/" }
    let package = first.count < frame.function.count ? first : first.prefix { $0 != "." }
    return package != "main" && !package.contains(".")
  }
}

extension Stacks.Outcome {
  init(_ outcome: GoStackOutcome) {
    self =
      switch outcome {
      case .stack(let number): .stack(number)
      case .running: .running
      case .moved: .moved
      case .absent: .gone
      case .unreadable: .unreadable
      }
  }
}

extension GoStack.End {
  /// Why there are no more frames; nil: the stack is whole.
  fileprivate var words: String? {
    switch self {
    case .top: nil
    case .limit: "more frames were not read"
    case .unknownFunction: "the frames further out cannot be found"
    case .torn: "the frames further out make no sense: the stack changed"
    }
  }
}
