// The function tables that the Go linker puts into every program, and that `strip` leaves there: `.gopclntab`.
//
// §1 What is read. Go's runtime finds names, files, lines and the sizes of frames by these tables when it prints a stack;
// so can anybody who has the executable. The layout is that of Go 1.20 and later: a header with the places of five areas
// (names, files of each compilation unit, file names, values by pc, records of functions), and a list of entries, sorted
// by address, in which a function is found. Inlined calls are in another area, whose begin only the runtime's
// `moduledata.gofunc` knows.
//
// §2 Addresses in the tables are relative to the text's begin. The header holds that address up to Go 1.25, and 0 later. Nor
// does the section `.text` tell it: in a program linked by the system's linker, that section begins earlier. So the caller says
// where the text is: `moduledata.text`, as the running process has it. Then the tables of a position-independent program need
// no bias.
//
// §3 Nothing is trusted. The areas are cut to size once; each later read is checked; each loop has a bound.

/// The reason why a program's function tables cannot be read.
public enum GoTableProblem: Error, Equatable, Sendable, CustomStringConvertible {
  /// The table begins with other bytes than the tables of Go 1.20 and later.
  case unknownFormat(magic: UInt32)
  /// The table is not for a 64-bit x86.
  case otherMachine(instruction: UInt8, pointer: UInt8)
  /// An area of the table, such as `functions`, lies outside of the table.
  case outside(area: String)

  /// The problem in words for people.
  public var description: String {
    switch self {
    case .unknownFormat(let magic):
      "the function table begins with \(String(magic, radix: 16)), not with Go 1.20's mark: "
        + "the program is older, or was obfuscated"
    case .otherMachine(let instruction, let pointer):
      "the function table is of another machine: instructions of \(instruction), pointers of \(pointer) bytes"
    case .outside(let area): "the function table is damaged: its \(area) lie outside"
    }
  }
}

/// The function tables of a Go program (1.20 and later, amd64): names, files, lines, inlined calls, sizes of frames.
///
/// An immutable value. Usable from any thread.
public struct GoTables: Sendable {
  /// Where the program's Go text begins and ends in the address space of the process.
  public let text: Range<UInt64>
  /// The number of functions.
  public let functionCount: Int
  /// Names of functions.
  let names: GoBytes
  /// For each compilation unit, the places of its file names in `files`.
  let units: GoBytes
  let files: GoBytes
  /// Go's pc-value tables: numbers by pc, as steps (ValueSteps.swift).
  let values: GoBytes
  /// The list of entries, and behind it the records of functions.
  let functions: GoBytes
  /// Go's funcdata: what the compiler wrote about single functions, from `moduledata.gofunc` on.
  let details: GoBytes
  /// The number that marks functions that the compiler made: wrappers of methods, closures of go statements. It differs
  /// between versions of Go.
  let wrapperID: UInt8?

  /// Reads the header of `pclntab`, the bytes of the section `.gopclntab`.
  ///
  /// - Parameters:
  ///   - text: The address of the Go text in the process: `moduledata.text`. See §2.
  ///   - details: The bytes from `moduledata.gofunc` on, up to the end of their section. Without them no inlined call is
  ///     seen.
  /// - Throws: What is wrong with the header. What is wrong further in shows itself as nil when it is asked for.
  public init(pclntab: GoBytes, text: UInt64, details: GoBytes?) throws(GoTableProblem) {
    guard let magic = pclntab.word32(at: 0), magic == 0xffff_fff1 else {
      throw .unknownFormat(magic: pclntab.word32(at: 0) ?? 0)
    }
    let (instruction, pointer) = (pclntab.byte(at: 6) ?? 0, pclntab.byte(at: 7) ?? 0)
    guard instruction == 1, pointer == 8 else {
      throw .otherMachine(instruction: instruction, pointer: pointer)
    }
    let header = try Header(pclntab)
    names = header.area(.names)
    units = header.area(.units)
    files = header.area(.files)
    values = header.area(.values)
    functions = header.area(.functions)
    functionCount = header.functionCount
    guard let end = functions.word32(at: functionCount * 8), text <= .max - UInt64(end) else {
      throw .outside(area: "functions")
    }
    self.text = text..<text + UInt64(end)
    self.details = details ?? pclntab.slice(from: pclntab.count)
    wrapperID = Self.wrapperID(in: functions, count: functionCount, names: names)
  }

  /// The areas in the order in which the linker writes them.
  enum Area: Int, CaseIterable {
    case names, units, files, values, functions
  }

  private struct Header {
    let functionCount: Int
    private let pclntab: GoBytes
    private let starts: [Int]

    init(_ pclntab: GoBytes) throws(GoTableProblem) {
      self.pclntab = pclntab
      var starts: [Int] = []
      for area in Area.allCases {
        guard let start = pclntab.word64(at: 32 + 8 * area.rawValue), start <= UInt64(pclntab.count) else {
          throw .outside(area: "\(area)")
        }
        starts.append(Int(start))
      }
      self.starts = starts
      // One entry more than functions: the last one is the text's end.
      let room = pclntab.count - starts[Area.functions.rawValue]
      guard let count = pclntab.word64(at: 8), count > 0, count < UInt64(room / 8) else {
        throw .outside(area: "functions")
      }
      functionCount = Int(count)
    }

    /// The bytes of an area, which ends where the next one begins.
    func area(_ area: Area) -> GoBytes {
      let start = starts[area.rawValue]
      let next = starts.filter { $0 > start }.min() ?? pclntab.count
      return pclntab.slice(from: start, count: next - start)
    }
  }

  /// The number that marks wrappers; nil: not found. It is the last in Go's list of special functions, whose length
  /// differs between versions. The last but one is that of `runtime.systemstack_switch`, which every program has.
  private static func wrapperID(in functions: GoBytes, count: Int, names: GoBytes) -> UInt8? {
    for index in 0..<count {
      guard let place = functions.word32(at: index * 8 + 4),
        let name = functions.word32(at: Int(place) + FunctionRecord.name),
        names.holds("runtime.systemstack_switch", at: Int(name))
      else { continue }
      guard let id = functions.byte(at: Int(place) + FunctionRecord.id), id > 0, id < .max else { return nil }
      return id + 1
    }
    return nil
  }
}
