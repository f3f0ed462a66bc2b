// Captured stacks of every version, without Go; and how they are captured, with Go.
import Foundation
import GoAttach
import Testing

extension CapturedProcess: CustomTestStringConvertible {
  var testDescription: String { version }
}

@Suite("Captured stacks")
struct CaptureTests {
  @Test("there are stacks of every version from 1.21 to 1.27")
  func all() {
    let minors = Set(CapturedProcess.all.map { $0.version.split(separator: ".")[1] })
    #expect(minors == ["21", "22", "23", "24", "25", "26", "27"])
  }

  @Test(
    "stacks of each version have the functions, files, lines and creators that Go said",
    arguments: CapturedProcess.all)
  func equal(_ captured: CapturedProcess) throws {
    let ours = try captured.lines()
    for (lines, goroutine) in zip(ours, captured.goroutines) {
      #expect(lines == goroutine.lines, "goroutine \(goroutine.id) [\(goroutine.state)]")
    }
    #expect(captured.goroutines.count > 40)
  }

  @Test(
    "captures stacks of the versions of Go that there are", .enabled(if: isAsked), arguments: GoToolchain.all)
  func capture(_ go: GoToolchain) throws {
    let path = try go.build(ParkedProgram.folder, .trimmed, cache: GoToolchain.cache)
    let captured = try Self.captured(ParkedProgram(path), version: go.version)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try FileManager.default.createDirectory(at: CapturedProcess.folder, withIntermediateDirectories: true)
    try encoder.encode(captured).write(to: CapturedProcess.folder.appending(path: "\(go.version).json"))
  }

  static var isAsked: Bool { ProcessInfo.processInfo.environment["MPG_CAPTURE_STACKS"] != nil }

  private static func captured(_ program: ParkedProgram, version: String) throws -> CapturedProcess {
    let bytes = try program.tableBytes()
    let before = try starts(program)
    let told = TracedGoroutine.all(in: try program.traceback())
    let after = try starts(program)
    var captured = CapturedProcess(
      version: version, text: bytes.text, pclntab: SparseBytes(bytes.pclntab),
      details: SparseBytes(bytes.details),
      goroutines: [])
    // Of equal stacks one is enough.
    var seen: Set<[String]> = []
    for (g, start) in after where before[g] == start {
      func word(_ offset: Int) throws -> UInt64 { try program.memory.required(g + UInt64(offset)) }
      guard let theirs = told[try word(program.layout.id)], !["running", "runnable"].contains(theirs.state),
        seen.insert(Array(theirs.lines.dropLast(2))).inserted
      else { continue }
      captured.goroutines.append(
        CapturedProcess.Goroutine(
          id: theirs.id, state: theirs.state, creator: try word(program.creator),
          parent: try word(program.creator - 8), pc: start.pc, sp: start.sp, bp: start.bp, low: start.low,
          high: start.high, stack: SparseBytes(try program.memory.bytes(start.sp..<start.high)),
          lines: theirs.lines))
    }
    captured.goroutines.sort { $0.id < $1.id }
    return try reduced(captured)
  }

  /// Where the stacks of all goroutines are now, by their addresses.
  private static func starts(_ program: ParkedProgram) throws -> [UInt64: GoStackStart] {
    let layout = program.layout
    var starts: [UInt64: GoStackStart] = [:]
    for g in try program.goroutines() {
      func word(_ offset: Int) throws -> UInt64 { try program.memory.required(g + UInt64(offset)) }
      let isInSyscall = try word(layout.syscallSP) != 0
      starts[g] = GoStackStart(
        goroutine: g, pc: try word(isInSyscall ? layout.syscallPC : layout.pc),
        sp: try word(isInSyscall ? layout.syscallSP : layout.sp), bp: isInSyscall ? 0 : try word(layout.bp),
        low: try word(layout.stack), high: try word(layout.stack + 8))
    }
    return starts
  }

  /// Puts zeros wherever they change nothing.
  private static func reduced(_ captured: CapturedProcess) throws -> CapturedProcess {
    var result = captured
    for index in result.goroutines.indices {
      var single = result
      single.goroutines = [result.goroutines[index]]
      let wanted = try single.lines()
      result.goroutines[index].stack = SparseBytes(
        try reduced(result.goroutines[index].stack.bytes, least: 8) { bytes in
          single.goroutines[0].stack = SparseBytes(bytes)
          return try single.lines() == wanted
        })
    }
    let stacks = try result.stacks(result.tables())
    let (pclntab, details) = (result.pclntab.bytes, result.details.bytes)
    func told(_ pclntab: [UInt8], _ details: [UInt8]) -> Told? {
      let (pclntab, details) = (GoBytes(pclntab), GoBytes(details))
      guard let tables = try? GoTables(pclntab: pclntab, text: captured.text, details: details) else {
        return nil
      }
      return Told(tables, stacks.distinct, creators: result.goroutines.map(\.creator))
    }
    let wanted = told(pclntab, details)
    let fewer = try reduced(pclntab, least: 8) { told($0, details) == wanted }
    result.pclntab = SparseBytes(fewer)
    result.details = SparseBytes(try reduced(details, least: 8) { told(fewer, $0) == wanted })
    return result
  }

  /// All that tables say of stacks.
  private struct Told: Equatable {
    let frames: [[GoFrame]]
    let creators: [GoFrame?]
    let functions: [GoFunctionFlags?]
    let distances: [Int?]

    init(_ tables: GoTables, _ stacks: [GoStack], creators: [UInt64]) {
      var cache = GoFrameCache(tables)
      frames = stacks.map { cache.frames(of: $0) }
      self.creators = creators.map { cache.creator(at: $0) }
      let pcs = Set(stacks.flatMap(\.pcs)).sorted()
      functions = pcs.map { tables.function(at: $0)?.flags }
      distances = pcs.map { tables.stackDelta(at: $0) }
    }
  }

  static func reduced(
    _ bytes: [UInt8], least: Int, isAsGood: ([UInt8]) throws -> Bool
  ) throws -> [UInt8] {
    var bytes = bytes
    var parts = [bytes.startIndex..<bytes.endIndex]
    while let part = parts.popLast() {
      guard bytes[part].contains(where: { $0 != 0 }) else { continue }
      let old = Array(bytes[part])
      bytes.replaceSubrange(part, with: repeatElement(0, count: part.count))
      if try isAsGood(bytes) { continue }
      bytes.replaceSubrange(part, with: old)
      guard part.count > least else { continue }
      let middle = (part.lowerBound + part.count / 2) / least * least
      guard middle > part.lowerBound else { continue }
      parts += [part.lowerBound..<middle, middle..<part.upperBound]
    }
    return bytes
  }
}
