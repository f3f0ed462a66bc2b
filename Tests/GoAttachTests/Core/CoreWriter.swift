// Core files, as the kernel lays them out: notes first, then pieces of memory.
@testable import GoAttach

/// Writes a core file. A plain value.
struct CoreWriter {
  struct Thread {
    var tid: Int32
    var registers: CoreNotes.Registers
  }

  /// Pieces of memory, and how many bytes of each the file holds.
  var pieces: [(address: UInt64, bytes: [UInt8])] = []
  var threads: [Thread] = []
  var signal: UInt16 = 0
  var pid: Int32 = 0
  var name = ""
  var entry: UInt64?
  var files: [CoreNotes.MappedFile] = []

  private static let (head, entry) = (64, 56)

  var bytes: [UInt8] {
    let notes = notes
    var (table, body): ([UInt8], [UInt8]) = ([], [])
    let start = Self.head + Self.entry * (pieces.count + 1)
    func add(_ kind: UInt64, _ address: UInt64, _ bytes: [UInt8]) {
      let place = UInt64(start + body.count)
      table += numbers([
        (kind, 4), (6, 4), (place, 8), (address, 8), (0, 8), (UInt64(bytes.count), 8),
        (UInt64(bytes.count), 8),
        (4096, 8),
      ])
      body += bytes
    }
    add(4, 0, notes)
    for piece in pieces { add(1, piece.address, piece.bytes) }
    var head: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    head += numbers([
      (4, 2), (62, 2), (1, 4), (0, 8), (64, 8), (0, 8), (0, 4), (64, 2), (56, 2),
      (UInt64(pieces.count + 1), 2), (0, 2), (0, 2), (0, 2),
    ])
    return head + table + body
  }

  private var notes: [UInt8] {
    var info = [UInt8](repeating: 0, count: 136)
    info.replaceSubrange(24..<28, with: FakeFile.number(UInt64(UInt32(bitPattern: pid)), 4))
    info.replaceSubrange(40..<40 + min(15, name.utf8.count), with: Array(name.utf8.prefix(15)))
    var notes: [UInt8] = []
    for thread in threads { notes += note(1, status(thread)) }
    notes += note(3, info)
    if let entry { notes += note(6, numbers([(9, 8), (entry, 8), (0, 8), (0, 8)])) }
    var table = numbers([(UInt64(files.count), 8), (4096, 8)])
    for file in files {
      table += numbers([(file.addresses.lowerBound, 8), (file.addresses.upperBound, 8), (0, 8)])
    }
    for file in files { table += Array(file.path.utf8) + [0] }
    return notes + note(0x4649_4c45, table)
  }

  private func status(_ thread: Thread) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 336)
    func put(_ value: UInt64, _ place: Int, _ count: Int) {
      bytes.replaceSubrange(place..<place + count, with: FakeFile.number(value, count))
    }
    put(UInt64(signal), 12, 2)
    put(UInt64(UInt32(bitPattern: thread.tid)), 32, 4)
    put(thread.registers.bp, 112 + 4 * 8, 8)
    put(thread.registers.pc, 112 + 16 * 8, 8)
    put(thread.registers.sp, 112 + 19 * 8, 8)
    return bytes
  }

  private func note(_ kind: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    return numbers([(5, 4), (UInt64(bytes.count), 4), (kind, 4)]) + Array("CORE".utf8) + [0, 0, 0, 0] + bytes
      + padding
  }

  private func numbers(_ values: [(UInt64, Int)]) -> [UInt8] {
    values.flatMap { FakeFile.number($0.0, $0.1) }
  }
}
