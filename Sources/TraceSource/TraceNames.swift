// Names and stacks of a trace, each kept once for the whole history, though each generation has ids of its own for them.
import GoTrace
import History
import Host
import Observed
import Region

/// Collects names and stacks.
struct TraceNames {
  private(set) var book = StringBook()
  private(set) var stacks = StackBook()
  /// The stack with which a G was told of that had no event yet, as a number of `stacks`.
  var first: [UInt64: Int] {
    get { stacks.first }
    // In place: Go tells of every idle G, and a copy for each would take quadratic time.
    _modify { yield &stacks.first }
  }
  private var words: [String: UInt32] = [:]
  private var numbers: [[TraceFrame]: Int] = [:]
  /// The same by the ids of the present generation.
  private var stackIDs: [UInt64: Int] = [:]
  private var entries: [UInt64: UInt32] = [:]
  private var bottoms: [UInt64: UInt32] = [:]
  private var wordIDs: [UInt64: UInt32] = [:]

  /// No more bytes of names, and no more stacks, are kept than these.
  private static let (mostBytes, mostStacks) = (1 << 26, 1 << 18)

  mutating func forgetIDs() { (stackIDs, entries, bottoms, wordIDs) = ([:], [:], [:], [:]) }

  /// The id of a text; 0: there is no room.
  mutating func id(of word: String) -> UInt32 {
    if word.isEmpty { return 0 }
    if let id = words[word] { return id }
    guard let id = book.append(word, most: Self.mostBytes).map(UInt32.init) else { return 0 }
    words[word] = id
    return id
  }

  /// The id of a string of the trace.
  mutating func id(ofString string: UInt64, _ tables: TraceTables) -> UInt32 {
    if let id = wordIDs[string] { return id }
    let id = id(of: tables.string(string) ?? "")
    wordIDs[string] = id
    return id
  }

  /// The id of a line that the program logs: `category: text`. Each line may be another one, so the lines get half of the room at
  /// most; 0: there is none left.
  mutating func id(ofLog category: UInt64, _ text: UInt64, _ tables: TraceTables) -> UInt32 {
    guard book.bytes.count < Self.mostBytes / 2 else { return 0 }
    let parts = [tables.string(category), tables.string(text)].compactMap { $0 }.filter { !$0.isEmpty }
    return id(of: parts.joined(separator: ": "))
  }

  /// Notes that a G has a label from a moment on.
  mutating func label(_ g: UInt64, _ string: UInt64, from time: UInt64, _ tables: TraceTables) {
    stacks.label(g, id(ofString: string, tables), from: time)
  }

  /// Where a G begins, by the stack that it has when it is made.
  mutating func entry(topOf stack: UInt64, _ tables: TraceTables) -> UInt32 {
    if let known = entries[stack] { return known }
    let entry = tables.top(stack).map { id(of: StackFrame($0).text) } ?? 0
    entries[stack] = entry
    return entry
  }

  /// Where a G began, by a stack that it has later: its outermost call.
  mutating func entry(bottomOf stack: UInt64, _ tables: TraceTables) -> UInt32 {
    if let known = bottoms[stack] { return known }
    let entry = tables.bottom(stack).map { id(of: $0.function) } ?? 0
    bottoms[stack] = entry
    return entry
  }

  /// The number of a stack of the trace in `stacks`; nil: the trace has no such stack.
  mutating func number(ofStack id: UInt64, _ tables: TraceTables) -> Int? {
    if id == 0 { return nil }
    if let known = stackIDs[id] { return known < 0 ? nil : known }
    guard let frames = tables.stack(id), !frames.isEmpty, stacks.all.count < Self.mostStacks else {
      stackIDs[id] = -1
      return nil
    }
    let number = numbers[frames] ?? stacks.add(CallStack(frames: frames.map { StackFrame($0) }))
    (numbers[frames], stackIDs[id]) = (number, number)
    return number
  }
}

extension StackFrame {
  /// A call of a trace.
  init(_ frame: TraceFrame) {
    self.init(
      function: printable(frame.function), file: frame.file == "?" ? nil : printable(frame.file),
      line: Int(exactly: frame.line), isLibrary: Self.isLibrary(frame.function))
  }

  /// Whether a function belongs to Go's own packages: the first part of their paths is no domain, and is not `main`.
  private static func isLibrary(_ function: String) -> Bool {
    let first = function.prefix { $0 != "/" }
    let package = first.count < function.count ? first : first.prefix { $0 != "." }
    return package != "main" && !package.contains(".")
  }
}
