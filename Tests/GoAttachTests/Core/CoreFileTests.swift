// Core files: what is read of them, whole, cut short and damaged.
import TestSupport
import Testing

@testable import GoAttach

@Suite("Core files")
struct CoreFileTests {
  static let writer = {
    var writer = CoreWriter()
    writer.pieces = [
      (0x40_0000, [UInt8](repeating: 1, count: 4096)), (0x60_0000, [UInt8](repeating: 2, count: 4096)),
      (0x60_1000, [UInt8](repeating: 3, count: 4096)),
    ]
    writer.threads = [
      .init(tid: 70, registers: .init(pc: 0x40_1000, sp: 0xc0_0000, bp: 0xc0_0010)),
      .init(tid: 71, registers: .init(pc: 1, sp: 2, bp: 3)),
    ]
    (writer.signal, writer.pid, writer.name, writer.entry) = (11, 69, "a-server", 0x40_1234)
    writer.files = [
      .init(addresses: 0x30_0000..<0x30_1000, path: "/lib/ld.so"),
      .init(addresses: 0x40_0000..<0x41_0000, path: "/srv/a-server"),
    ]
    return writer
  }()

  private func words(_ core: CoreFile, _ address: UInt64) -> UInt64? {
    try? CoreMemory(core).word(at: address)
  }

  @Test("threads, registers, the signal, the process and its executable are told")
  func notes() throws {
    let core = try CoreFile(ArrayBytes(Self.writer.bytes))
    let notes = core.notes
    #expect(notes.pid == 69 && notes.name == "a-server" && notes.signal == 11)
    #expect(
      notes.threads == [
        70: .init(pc: 0x40_1000, sp: 0xc0_0000, bp: 0xc0_0010), 71: .init(pc: 1, sp: 2, bp: 3),
      ])
    #expect(notes.executable == "/srv/a-server" && core.missing == 0)
  }

  @Test("a core of a process that lived has no signal, and one without an entry no executable")
  func absent() throws {
    var writer = Self.writer
    (writer.signal, writer.entry) = (0, nil)
    let notes = try CoreFile(ArrayBytes(writer.bytes)).notes
    #expect(notes.signal == nil && notes.executable == nil)
  }

  @Test("memory is read within a piece and across neighbours, and nowhere else")
  func memory() throws {
    let core = try CoreFile(ArrayBytes(Self.writer.bytes))
    #expect(words(core, 0x40_0000) == 0x0101_0101_0101_0101)
    #expect(words(core, 0x60_0FFC) == 0x0303_0303_0202_0202)
    #expect(words(core, 0x40_0FFC) == nil && words(core, 0x3F_FFFF) == nil && words(core, .max - 3) == nil)
    var batch = MemoryBatch()
    for address: UInt64 in [0x40_0000, 0x50_0000, 0x60_1000] { batch.add(address, 8) }
    try batch.read(CoreMemory(core))
    #expect(batch.place(0) != nil && batch.place(1) == nil && batch.place(2) != nil)
  }

  @Test("what the core lacks comes from the executable, where the program could not write")
  func executable() throws {
    var writer = Self.writer
    writer.pieces[0].bytes = [UInt8](repeating: 1, count: 16)
    let core = try CoreFile(ArrayBytes(writer.bytes))
    let file = FakeFile.bytes
    let memory = CoreMemory(core, try GoExecutable(ArrayBytes(file)))
    #expect(try memory.word(at: 0x40_0000) == 0x0101_0101_0101_0101)
    #expect(try memory.bytes(at: 0x40_0008, 16) == [UInt8](repeating: 1, count: 8) + file[16..<24])
    var writable = file
    // The flags of the only segment.
    writable[68] |= 2
    let other = CoreMemory(core, try GoExecutable(ArrayBytes(writable)))
    #expect(throws: MemoryProblem.unmapped(0x40_0008)) { try other.bytes(at: 0x40_0008, 16) }
  }

  @Test("a core that is cut short tells how much is missing, wherever it is cut")
  func cut() throws {
    let whole = Self.writer.bytes
    for missing in [1, 4096, 4097, 3 * 4096] {
      let core = try CoreFile(ArrayBytes(Array(whole.dropLast(missing))))
      #expect(core.missing == missing && core.notes.pid == 69)
      #expect(
        (words(core, 0x60_1000 + 4088) == nil) && (words(core, 0x40_0000) == nil) == (missing == 3 * 4096))
    }
    for count in stride(from: 0, to: whole.count, by: 61) {
      let core = try? CoreFile(ArrayBytes(Array(whole.prefix(count))))
      #expect((core == nil) == (count < 64 + 4 * 56), "\(count)")
    }
  }

  @Test("other files are no cores, and say so")
  func others() throws {
    #expect(!CoreFile.isCore(ArrayBytes(FakeFile.bytes)) && !CoreFile.isCore(ArrayBytes([])))
    #expect(throws: GoRefusal.core("it is no core file of a 64-bit system")) {
      try CoreFile(ArrayBytes(FakeFile.bytes))
    }
    var other = Self.writer.bytes
    other[18] = 183
    #expect(throws: GoRefusal.core("it is of another machine than amd64")) { try CoreFile(ArrayBytes(other)) }
  }

  @Test("with more segments than 16 bits count, the first section tells their number")
  func manySegments() throws {
    var bytes = Self.writer.bytes
    let section = bytes.count
    bytes += [UInt8](repeating: 0, count: 64)
    bytes.replaceSubrange(56..<58, with: [0xFF, 0xFF])
    bytes.replaceSubrange(40..<48, with: FakeFile.number(UInt64(section), 8))
    bytes.replaceSubrange(section + 44..<section + 48, with: FakeFile.number(4, 4))
    #expect(try CoreFile(ArrayBytes(bytes)).pieces.count == 3)
  }
}
