// The program `Programs/parked`, running: where its goroutines are, its tables, and what it says of its stacks itself.
import Foundation
import Glibc
import GoAttach

/// A running `parked`. It ends with this object.
final class ParkedProgram {
  let process = Process()
  let memory: FileMemory
  let pages: String
  let allgs, module: UInt64
  let minor: Int

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Programs/parked").path

  init(_ path: String, arguments: [String] = []) throws {
    let output = Pipe()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    var said = Data()
    while !said.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw GoToolchain.Failure(said: "parked ended") }
      said += more
    }
    let words = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
    func value(_ name: String) throws -> String {
      guard let word = words.first(where: { $0.hasPrefix(name) }) else {
        throw GoToolchain.Failure(said: "no \(name) in \(words)")
      }
      return String(word.dropFirst(name.count))
    }
    pages = try value("http://127.0.0.1:")
    allgs = UInt64(try value("allgs=0x"), radix: 16) ?? 0
    module = UInt64(try value("module=0x"), radix: 16) ?? 0
    minor = Int(try value("version=go1.").prefix { $0.isNumber }) ?? 0
    memory = try FileMemory(pid: process.processIdentifier)
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The bytes of the function tables and of what the compiler wrote about functions, and the text's address, from the
  /// memory of the process.
  func tableBytes() throws -> (pclntab: [UInt8], text: UInt64, details: [UInt8]) {
    let header = try memory.required(module)
    let end = try memory.required(module + 13 * 8) + memory.required(module + 14 * 8)
    let details = try memory.required(module + (minor >= 27 ? 43 : 40) * 8)
    let mapped = try memory.mappedEnd(of: details)
    return (
      try memory.bytes(header..<end), try memory.required(module + 22 * 8),
      try memory.bytes(details..<min(mapped, details + (8 << 20)))
    )
  }

  func tables() throws -> GoTables {
    let bytes = try tableBytes()
    return try GoTables(pclntab: GoBytes(bytes.pclntab), text: bytes.text, details: GoBytes(bytes.details))
  }

  /// The addresses of all goroutines.
  func goroutines() throws -> [UInt64] {
    let (array, count) = (try memory.required(allgs), try memory.required(allgs + 8))
    let bytes = try memory.bytes(array..<array + count * 8)
    let words = GoBytes(bytes)
    return (0..<Int(count)).compactMap { words.word64(at: $0 * 8) }
  }

  /// The places of fields in `runtime.g`.
  var layout: GoroutineLayout {
    let isLate = minor >= 25
    let after = isLate ? 104 : 112
    return GoroutineLayout(
      stack: 0, sp: 56, pc: 64, bp: isLate ? 96 : 104, syscallSP: after, syscallPC: after + 8,
      syscallBP: minor >= 23 ? after + 16 : nil, status: status, id: status + 8,
      generation: generation)
  }

  /// How often a goroutine stopped running, modulo 256.
  func generation(of goroutine: UInt64) throws -> UInt8 {
    UInt8(truncatingIfNeeded: try memory.required(goroutine + UInt64(generation)))
  }

  private var generation: Int {
    switch minor {
    case 21: 188
    case 23, 24: 199
    default: 191
    }
  }

  private var status: Int { minor == 23 || minor == 24 ? 152 : 144 }

  /// `g.gopc`, behind the id of the goroutine that made it.
  var creator: Int {
    switch minor {
    case 23, 24: 288
    case 26...: 288
    default: 280
    }
  }

  /// What Go itself says of its goroutines.
  func traceback() throws -> String { try page("goroutine?debug=2") }

  /// A page of `/debug/pprof/`.
  func page(_ name: String) throws -> String {
    let curl = Process()
    curl.executableURL = URL(filePath: "/usr/bin/env")
    curl.arguments = ["curl", "-s", "http://127.0.0.1:\(pages)\(name)"]
    let output = Pipe()
    curl.standardOutput = output
    try curl.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    curl.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }
}

/// The memory of a process, read through /proc/PID/mem.
final class FileMemory: GoMemory {
  private let pid: Int32
  private let file: Int32
  private(set) var calls = 0

  init(pid: Int32) throws {
    self.pid = pid
    file = unsafe open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw GoToolchain.Failure(said: "/proc/\(pid)/mem: errno \(errno)") }
  }

  deinit { close(file) }

  func read(_ ranges: ArraySlice<Range<UInt64>>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var place = 0
    calls += 1
    for range in ranges where !range.isEmpty {
      let address = off_t(truncatingIfNeeded: range.lowerBound)
      let count = unsafe pread(file, buffer.baseAddress! + place, range.count, address)
      guard count == range.count else { break }
      place += count
    }
    return place
  }

  func bytes(_ range: Range<UInt64>) throws -> [UInt8] {
    guard range.count < 1 << 28 else { throw GoToolchain.Failure(said: "absurd range") }
    var bytes = [UInt8](repeating: 0, count: range.count)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read([range], into: $0) }
    guard count == range.count else { throw GoToolchain.Failure(said: "unreadable range") }
    return bytes
  }

  func required(_ address: UInt64) throws -> UInt64 {
    guard let word = try GoBytes(bytes(address..<address + 8)).word64(at: 0) else {
      throw GoToolchain.Failure(said: "no word")
    }
    return word
  }

  /// The end of the mapping in which an address lies.
  func mappedEnd(of address: UInt64) throws -> UInt64 {
    for line in try String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8).split(separator: "\n") {
      let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt64($0, radix: 16) }
      if ends.count == 2, ends[0] <= address, address < ends[1] { return ends[1] }
    }
    throw GoToolchain.Failure(said: "no mapping of \(address)")
  }
}
