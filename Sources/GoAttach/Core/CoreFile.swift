// The core file of a dead process: which memory it holds, and what its notes say of threads and mapped files.
//
// §1 The file is large (a gcore of a Go program of 3 MB has 1.3 GB, because reserved memory is written out), so only its
// tables are read here, and memory is read by ranges (CoreMemory.swift).
//
// §2 The file may be cut short: by a full disk, by `ulimit -c`, or because a copy was broken off. Then the tables promise more
// than the file has. What it has is shown, and how much is missing is said.

/// A core file's tables. Immutable, and may be used from any thread.
package final class CoreFile: Sendable {
  /// A piece of memory of which the file holds the bytes.
  package struct Piece: Sendable, Equatable {
    package var address: UInt64
    package var offset, count: Int

    /// The first address behind the piece.
    var end: UInt64 { address &+ UInt64(count) }
  }

  /// The bytes of the core file.
  package let file: any ByteSource
  /// The pieces of memory that the file holds, by address.
  package let pieces: [Piece]
  package let notes: CoreNotes
  /// The number of bytes that the tables promise and the file does not have.
  package let missing: Int

  /// More segments than this are not read: the kernel allows far fewer mappings.
  private static let (most, headSize, entrySize) = (1 << 18, 64, 56)
  /// More bytes of notes than this are not read: those of 5,000 threads have 20 MB.
  private static let mostNotes = 128 << 20

  /// Whether these bytes are a core file for amd64.
  package static func isCore(_ file: some ByteSource) -> Bool {
    guard let head = file.bytes(at: 0, headSize), head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
      return false
    }
    return head.load(16, as: UInt16.self) == 4
  }

  /// Reads the tables.
  ///
  /// - Throws: a refusal that says what was not understood.
  package init(_ file: any ByteSource) throws(GoRefusal) {
    guard Self.isCore(file), let head = file.bytes(at: 0, Self.headSize) else {
      throw .core("it is no core file of a 64-bit system")
    }
    guard head.load(18, as: UInt16.self) == 62 else { throw .core("it is of another machine than amd64") }
    self.file = file
    let table = try Self.table(head, file)
    var (pieces, notes, missing) = ([Piece](), CoreNotes(), 0)
    var notesLeft = Self.mostNotes
    func miss(_ count: Int) {
      let (sum, isTooMuch) = missing.addingReportingOverflow(count)
      missing = isTooMuch ? .max : sum
    }
    for start in stride(from: 0, to: table.count, by: Self.entrySize) {
      guard let offset = Int(exactly: table.word(start + 8)), let size = Int(exactly: table.word(start + 32)),
        size > 0, offset <= .max - size
      else { continue }
      let here = max(0, min(size, file.size - offset))
      switch table.load(start, as: UInt32.self) {
      case 1:
        miss(size - here)
        let address = table.word(start + 16)
        if here > 0, address <= .max - UInt64(here) {
          pieces.append(Piece(address: address, offset: offset, count: here))
        }
      case 4 where here == size && size <= notesLeft:
        notesLeft -= size
        notes.add(file.bytes(at: offset, size) ?? [])
      case 4: miss(size)
      default: continue
      }
    }
    self.pieces = pieces.sorted { $0.address < $1.address }
    (self.notes, self.missing) = (notes, missing)
  }

  private static func table(_ head: [UInt8], _ file: any ByteSource) throws(GoRefusal) -> [UInt8] {
    var count = Int(head.load(56, as: UInt16.self))
    // If there are more segments than 16 bits can count, the head of the first section holds their number.
    if count == 0xFFFF, let place = Int(exactly: head.word(40)), let section = file.bytes(at: place, 64) {
      count = Int(section.load(44, as: UInt32.self))
    }
    guard head.load(54, as: UInt16.self) == UInt16(entrySize), count > 0, count <= most,
      let place = Int(exactly: head.word(32)), let table = file.bytes(at: place, count * entrySize)
    else { throw .core("its table of memory is damaged or cut off") }
    return table
  }

  /// The piece that holds the byte at an address; nil: none does.
  func piece(at address: UInt64) -> Piece? {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < pieces[low - 1].end else { return nil }
    return pieces[low - 1]
  }
}
