// What the notes of a core file say: the process, its threads with their registers, and the files that were mapped.

/// Notes of a core file for amd64. A plain value.
package struct CoreNotes: Sendable {
  /// The registers of a thread that are needed to walk its stack.
  package struct Registers: Sendable, Equatable {
    package var pc, sp, bp: UInt64

    package init(pc: UInt64, sp: UInt64, bp: UInt64) { (self.pc, self.sp, self.bp) = (pc, sp, bp) }
  }

  /// A file that was mapped into memory.
  package struct MappedFile: Sendable, Equatable {
    package var addresses: Range<UInt64>
    package var path: String
  }

  /// The process's number; nil: no note tells it.
  package private(set) var pid: Int32?
  /// The command's name, cut to 15 bytes.
  package private(set) var name = ""
  /// The signal that ended the process; nil: none did, since a debugger wrote the core while the process lived.
  package private(set) var signal: Int32?
  /// The threads' registers, by the threads' numbers.
  package private(set) var threads: [Int32: Registers] = [:]
  package private(set) var files: [MappedFile] = []
  /// The address in memory at which the program began to run; nil: no note tells it.
  package private(set) var entry: UInt64?

  private enum Kind {
    static let (status, info, auxiliary, files): (UInt32, UInt32, UInt32, UInt32) = (1, 3, 6, 0x4649_4c45)
  }

  package init() {}

  /// Adds the notes of a segment. Damaged notes are left out.
  package mutating func add(_ bytes: [UInt8]) {
    var place = 0
    while place <= bytes.count - 12 {
      let (nameSize, size) = (
        Int(bytes.load(place, as: UInt32.self)), Int(bytes.load(place + 4, as: UInt32.self))
      )
      let start = place + 12 + (nameSize + 3) & ~3
      guard size <= bytes.count, start <= bytes.count - size else { return }
      let isOfCore = bytes[(place + 12)...].starts(with: Array("CORE".utf8))
      if isOfCore { add(bytes.load(place + 8, as: UInt32.self), bytes[start..<start + size]) }
      place = start + (size + 3) & ~3
    }
  }

  private mutating func add(_ kind: UInt32, _ bytes: ArraySlice<UInt8>) {
    let bytes = Array(bytes)
    switch kind {
    case Kind.status: addThread(bytes)
    case Kind.info where bytes.count >= 56:
      pid = bytes.load(24, as: Int32.self)
      name = String(decoding: bytes[40..<56].prefix { $0 != 0 }, as: UTF8.self)
    case Kind.auxiliary: addEntry(bytes)
    case Kind.files: addFiles(bytes)
    default: return
    }
  }

  /// Adds the thread that a note describes. In the kernel's `elf_prstatus` the signal is at byte 12, the thread's
  /// number at 32, and 27 registers from 112 on.
  private mutating func addThread(_ bytes: [UInt8]) {
    guard bytes.count >= 112 + 27 * 8 else { return }
    let signal = Int32(bytes.load(12, as: UInt16.self))
    // The thread that got the signal comes first in a core.
    if threads.isEmpty, signal != 0 { self.signal = signal }
    func register(_ index: Int) -> UInt64 { bytes.word(112 + 8 * index) }
    threads[bytes.load(32, as: Int32.self)] = Registers(pc: register(16), sp: register(19), bp: register(4))
  }

  private mutating func addEntry(_ bytes: [UInt8]) {
    for place in stride(from: 0, through: bytes.count - 16, by: 16) where bytes.word(place) == 9 {
      entry = bytes.word(place + 8)
    }
  }

  /// Adds the files of the kernel's note `NT_FILE`: a count, the size of a page, three words for each mapping, then the
  /// paths of all mappings.
  private mutating func addFiles(_ bytes: [UInt8]) {
    guard let count = Int(exactly: bytes.word(0)), count <= bytes.count / 24 else { return }
    var paths = bytes.dropFirst(16 + 24 * count)
    for index in 0..<count {
      let (start, end) = (bytes.word(16 + 24 * index), bytes.word(24 + 24 * index))
      let path = paths.prefix { $0 != 0 }
      paths = paths.dropFirst(path.count + 1)
      guard start < end, !path.isEmpty else { continue }
      files.append(MappedFile(addresses: start..<end, path: String(decoding: path, as: UTF8.self)))
    }
  }

  /// The path of the program's executable; nil: no note tells it.
  package var executable: String? {
    entry.flatMap { entry in files.first { $0.addresses.contains(entry) }?.path }
  }
}
