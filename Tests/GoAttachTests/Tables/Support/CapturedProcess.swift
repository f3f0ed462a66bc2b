// What was once read of a running `parked`, small enough to be kept: so that every test run has stacks of every version of
// Go, though it has no Go.
import Foundation
import GoAttach

/// Bytes of which most are zero.
struct SparseBytes: Codable {
  var count: Int
  /// Where each piece begins, and what is in it in base64.
  var pieces: [Piece]

  struct Piece: Codable {
    var at: Int
    var bytes: Data
  }

  init(_ bytes: [UInt8]) {
    count = bytes.count
    pieces = []
    var (start, end) = (-1, -1)
    func piece() -> Piece { Piece(at: start, bytes: Data(bytes[start..<end])) }
    for (place, byte) in bytes.enumerated() where byte != 0 {
      // A few zeros are cheaper than a new piece.
      if start >= 0, place - end > 24 { (pieces, start) = (pieces + [piece()], -1) }
      if start < 0 { start = place }
      end = place + 1
    }
    if start >= 0 { pieces.append(piece()) }
  }

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    for piece in pieces { bytes.replaceSubrange(piece.at..<piece.at + piece.bytes.count, with: piece.bytes) }
    return bytes
  }
}

/// The stacks of a process that ran once, its tables as far as these stacks need them, and what it said of them itself.
struct CapturedProcess: Codable {
  var version: String
  var text: UInt64
  var pclntab: SparseBytes
  var details: SparseBytes
  var goroutines: [Goroutine]

  struct Goroutine: Codable {
    var id: UInt64
    var state: String
    var creator, parent: UInt64
    var pc, sp, bp, low, high: UInt64
    /// The bytes from `sp` on.
    var stack: SparseBytes
    /// What Go said: functions, files, lines, creator.
    var lines: [String]

    var start: GoStackStart { GoStackStart(goroutine: 0, pc: pc, sp: sp, bp: bp, low: low, high: high) }
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/Stacks")

  static let all: [CapturedProcess] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
      guard let data = try? Data(contentsOf: folder.appending(path: name)) else { return nil }
      return try? JSONDecoder().decode(CapturedProcess.self, from: data)
    }
  }()

  func tables() throws -> GoTables {
    try GoTables(pclntab: GoBytes(pclntab.bytes), text: text, details: GoBytes(details.bytes))
  }

  /// The stacks, read from the captured memory.
  func stacks(_ tables: GoTables) throws -> GoStacks {
    let memory = PieceMemory(goroutines.map { ($0.sp, $0.stack.bytes) })
    guard var reader = StackReader(tables: tables, layout: .any, memory: memory) else {
      throw GoToolchain.Failure(said: "no reader")
    }
    return reader.stacks(of: goroutines.map(\.start))
  }

  /// What we say of the goroutines: functions, files, lines, creator.
  func lines() throws -> [[String]] {
    let tables = try tables()
    let stacks = try stacks(tables)
    var text = StackText(tables, stacks)
    return goroutines.enumerated().map { index, goroutine in
      let listing = GoStackListing(
        id: goroutine.id, state: goroutine.state, stack: stacks.outcomes[index], creator: goroutine.creator,
        parent: goroutine.parent)
      return text.text(of: listing).split(separator: "\n").dropFirst().map(String.init)
    }
  }
}

extension GoroutineLayout {
  /// For readers that are told where stacks are.
  static let any = GoroutineLayout(
    stack: 0, sp: 56, pc: 64, bp: 96, syscallSP: 104, syscallPC: 112, syscallBP: 120, status: 144, id: 152)
}

/// Memory made of a few pieces.
final class PieceMemory: GoMemory {
  private let pieces: [(address: UInt64, bytes: [UInt8])]

  init(_ pieces: [(address: UInt64, bytes: [UInt8])]) {
    self.pieces = pieces.sorted { $0.address < $1.address }
  }

  func read(_ ranges: ArraySlice<Range<UInt64>>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var place = 0
    for range in ranges {
      guard let bytes = bytes(range) else { break }
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[place...]).copyBytes(from: bytes)
      place += bytes.count
    }
    return place
  }

  /// Gaps between pieces are zeros, so that neighbours can be read together.
  private func bytes(_ range: Range<UInt64>) -> [UInt8]? {
    var (result, isKnown) = ([UInt8](repeating: 0, count: range.count), false)
    for piece in pieces where piece.address < range.upperBound {
      let end = piece.address + UInt64(piece.bytes.count)
      guard end > range.lowerBound else { continue }
      isKnown = true
      for address in max(piece.address, range.lowerBound)..<min(end, range.upperBound) {
        result[Int(address - range.lowerBound)] = piece.bytes[Int(address - piece.address)]
      }
    }
    return isKnown ? result : nil
  }
}
