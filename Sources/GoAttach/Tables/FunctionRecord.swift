// One function's record in the tables, and how it is found.

/// The fields of a function's record that are read, and where its lists begin.
struct FunctionRecord {
  /// Offsets of fields in the record, in bytes.
  static let name = 4
  static let id = 40

  /// The first byte of the function and the one behind its last, in bytes from the beginning of the text.
  let entry, end: UInt32
  let nameOffset: UInt32
  /// Where the function's pc-value tables begin in the area of values; 0: there is no such table.
  let frameSizes, fileNumbers, lines: UInt32
  let unit: UInt32
  let startLine: Int32
  let id, flags: UInt8
  private let lists: Int
  private let valueLists: UInt32
  private let detailLists: UInt8
  private let functions: GoBytes

  init?(at place: Int, in functions: GoBytes, entry: UInt32, end: UInt32) {
    guard place >= 0, place <= functions.count - 44, let first = functions.word32(at: place), first == entry,
      let name = functions.word32(at: place + Self.name), let sizes = functions.word32(at: place + 16),
      let files = functions.word32(at: place + 20), let lines = functions.word32(at: place + 24),
      let count = functions.word32(at: place + 28), let unit = functions.word32(at: place + 32),
      let start = functions.word32(at: place + 36), let id = functions.byte(at: place + Self.id),
      let flags = functions.byte(at: place + 41), let details = functions.byte(at: place + 43)
    else { return nil }
    (self.entry, self.end, nameOffset, self.unit) = (entry, end, name, unit)
    (frameSizes, fileNumbers, self.lines) = (sizes, files, lines)
    (startLine, self.id, self.flags) = (Int32(bitPattern: start), id, flags)
    (lists, valueLists, detailLists, self.functions) = (place + 44, count, details, functions)
  }

  /// Where the function's pc-value table of this kind begins, in the area of values; 0: there is none.
  func values(_ kind: Int) -> UInt32 {
    guard kind < Int(valueLists) else { return 0 }
    return functions.word32(at: lists + 4 * kind) ?? 0
  }

  /// Where the function's funcdata of this kind begin, in bytes from `moduledata.gofunc` on; nil: there are none.
  func details(_ kind: Int) -> UInt32? {
    guard kind < Int(detailLists), valueLists < 1024 else { return nil }
    let place = functions.word32(at: lists + 4 * (Int(valueLists) + kind))
    return place == .max ? nil : place
  }
}

extension GoTables {
  /// The record of the function whose code contains `pc`.
  func record(at pc: UInt64) -> FunctionRecord? {
    guard text.contains(pc) else { return nil }
    let target = UInt32(truncatingIfNeeded: pc - text.lowerBound)
    // Finds the last entry that is not behind the pc. In a damaged list, which is not sorted, the search ends too.
    var (low, high) = (0, functionCount)
    while high - low > 1 {
      let middle = (low + high) / 2
      guard let entry = functions.word32(at: middle * 8) else { return nil }
      if entry <= target { low = middle } else { high = middle }
    }
    guard let entry = functions.word32(at: low * 8), let place = functions.word32(at: low * 8 + 4),
      let end = functions.word32(at: low * 8 + 8), entry <= target, target < end
    else { return nil }
    return FunctionRecord(at: Int(place), in: functions, entry: entry, end: end)
  }
}

/// A function of a Go program.
public struct GoFunction: Sendable, Hashable {
  /// The function's whole name, as the linker wrote it: `main.(*Server).serve`, `main.Map[go.shape.int]`.
  public let name: String
  /// The function's code in the address space of the process.
  public let code: Range<UInt64>
  /// The line of the function's `func`; nil: unknown.
  public let startLine: Int?
  /// Go's number for a function that its runtime treats specially; 0: an ordinary one. It differs between versions of Go.
  public let id: UInt8
  /// What the tables say of the function's frames.
  public let flags: GoFunctionFlags
  /// Whether the compiler made the function, so that Go does not show it in a stack.
  public let isWrapper: Bool
}

/// What the tables say of a function's frames.
public struct GoFunctionFlags: OptionSet, Sendable, Hashable {
  /// The flags, in the bits that Go's linker writes.
  public let rawValue: UInt8
  /// Makes flags from the bits that Go's linker writes.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Nothing has called the function: a stack ends here.
  public static let top = GoFunctionFlags(rawValue: 1)
  /// The function moves the stack pointer in ways that no table tells.
  public static let movesStack = GoFunctionFlags(rawValue: 2)
  /// The function was written in assembly.
  public static let assembly = GoFunctionFlags(rawValue: 4)
}

extension GoTables {
  /// The function whose code contains `pc`; nil: no Go function does.
  public func function(at pc: UInt64) -> GoFunction? {
    guard let record = record(at: pc) else { return nil }
    let entry = text.lowerBound + UInt64(record.entry)
    return GoFunction(
      name: name(record.nameOffset), code: entry..<text.lowerBound + UInt64(record.end),
      startLine: record.startLine > 0 ? Int(record.startLine) : nil, id: record.id,
      flags: GoFunctionFlags(rawValue: record.flags), isWrapper: record.id == wrapperID)
  }

  /// A name that is missing, or longer than any that a compiler writes, is `?`, as Go itself prints it.
  func name(_ offset: UInt32) -> String { names.text(at: Int(offset)) ?? "?" }
}
