// Sections and segments of an executable: ELF for amd64, and no more of it than a Go program needs.
//
// Why not libelf: the names and places of sections are needed on machines without elfutils too, where offsets come from Go's
// own type descriptors. So this reader is needed anyway, and libelf would be a second one that has to agree with it. These
// tables take forty lines. DWARF would take many more, so libdw reads it.

/// The parts of an ELF file. A plain value.
package struct ELFFile: Sendable {
  package struct Section: Sendable, Equatable {
    package var address: UInt64
    package var offset, size: Int
    package var type, link: UInt32
    package var flags: UInt64
    /// Whether the section has bytes in the file.
    package var isInFile: Bool { type != 8 }
  }

  package struct Segment: Sendable, Equatable {
    package var address: UInt64
    package var offset, fileSize: Int
    package var memorySize: UInt64
    /// Whether the program may write to the segment, so that memory may differ from the file.
    package var isWritable: Bool
  }

  /// Whether the file may be loaded anywhere (PIE).
  package let isMovable: Bool
  package let sections: [String: Section]
  /// The segments that are loaded, in the order of the file.
  package let segments: [Segment]
  /// The first bytes, by which the mapped file is recognised in memory.
  package let head: [UInt8]
  /// The address at which the program begins to run, as the file has it: without the load bias.
  package var entry: UInt64 { head.word(24) }

  private static let headSize = 64
  private static let most = 4096

  /// Parses the headers of an ELF file.
  ///
  /// - Throws: a refusal that says what was not understood.
  package init(_ file: some ByteSource) throws(GoRefusal) {
    guard let head = file.bytes(at: 0, Self.headSize), head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      throw .file("it is no ELF file")
    }
    guard head[4] == 2, head[5] == 1 else { throw .file("it is not for 64 bits, low byte first") }
    guard head.load(18, as: UInt16.self) == 62 else { throw .file("it is not for amd64") }
    self.head = head
    isMovable = head.load(16, as: UInt16.self) == 3
    segments = try Self.segments(head, file)
    sections = try Self.sections(head, file)
  }

  private static func segments(_ head: [UInt8], _ file: some ByteSource) throws(GoRefusal) -> [Segment] {
    let (count, size) = (Int(head.load(56, as: UInt16.self)), Int(head.load(54, as: UInt16.self)))
    guard size == 56, count <= most, let place = Int(exactly: head.word(32)),
      let table = file.bytes(at: place, count * size)
    else { throw .file("its table of segments is damaged") }
    return (0..<count).compactMap { index in
      let start = index * size
      guard table.load(start, as: UInt32.self) == 1, let offset = Int(exactly: table.word(start + 8)),
        let fileSize = Int(exactly: table.word(start + 32))
      else { return nil }
      return Segment(
        address: table.word(start + 16), offset: offset, fileSize: fileSize,
        memorySize: table.word(start + 40), isWritable: table.load(start + 4, as: UInt32.self) & 2 != 0)
    }
  }

  private static func sections(_ head: [UInt8], _ file: some ByteSource) throws(GoRefusal) -> [String:
    Section]
  {
    let (count, size) = (Int(head.load(60, as: UInt16.self)), Int(head.load(58, as: UInt16.self)))
    guard count > 0 else { throw .file("it has no sections; is it packed (UPX)?") }
    guard size == 64, count <= most, let place = Int(exactly: head.word(40)),
      let table = file.bytes(at: place, count * size)
    else { throw .file("its table of sections is damaged") }
    func section(_ index: Int) -> Section? {
      let start = index * size
      guard index < count, let offset = Int(exactly: table.word(start + 24)),
        let bytes = Int(exactly: table.word(start + 32))
      else { return nil }
      return Section(
        address: table.word(start + 16), offset: offset, size: bytes,
        type: table.load(start + 4, as: UInt32.self),
        link: table.load(start + 40, as: UInt32.self), flags: table.word(start + 8))
    }
    guard let names = section(Int(head.load(62, as: UInt16.self))), names.size <= 1 << 20,
      let text = file.bytes(at: names.offset, names.size)
    else { throw .file("its sections have no names") }
    var sections: [String: Section] = [:]
    for index in 0..<count {
      let name = Int(table.load(index * size, as: UInt32.self))
      guard name < text.count, let section = section(index) else { continue }
      let bytes = text[name...].prefix(256).prefix { $0 != 0 }
      sections[String(decoding: bytes, as: UTF8.self)] = section
    }
    return sections
  }

  /// The bytes of a section; nil: there is no such section, or it is not in the file.
  package func bytes(of name: String, in file: some ByteSource) -> [UInt8]? {
    guard let section = sections[name], section.isInFile else { return nil }
    return file.bytes(at: section.offset, section.size)
  }

  /// The first section that the file has, of those with these names.
  package func section(_ names: String...) -> Section? { names.lazy.compactMap { sections[$0] }.first }

  /// The bytes of the file from an address to the end of its section, at most 256 MB; nil: no section in the file has them.
  func rest(at address: UInt64) -> (offset: Int, count: Int)? {
    for section in sections.values where section.isInFile && section.address != 0 {
      guard address >= section.address, address - section.address < UInt64(section.size) else { continue }
      let start = Int(address - section.address)
      return (section.offset + start, min(section.size - start, 256 << 20))
    }
    return nil
  }

  /// Whether a compiler left DWARF in the file. Go compresses it.
  package var hasDWARF: Bool { sections[".debug_info"] != nil || sections[".zdebug_info"] != nil }
}
