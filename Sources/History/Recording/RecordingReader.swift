// The chunks of a recording, read one after the other, and checked.
import Host

struct RecordingReader {
  /// A chunk whose checksum is right. Its kind is nil if this build does not know it.
  struct Piece {
    var kind: ChunkKind?
    var offset: UInt64
    var body: [UInt8]
  }

  /// At most this many chunks, and this many bytes of names, are read.
  private static let mostChunks = 1 << 22
  static let mostNames = 1 << 22

  let file: RecordingFile
  private var offset: UInt64
  private var chunks = 0
  /// Whether the chunk that ends a recording was read, with nothing behind it.
  private(set) var isFinished = false
  /// The first fault of the file, and its place; nothing is read from there on. nil: there is none so far.
  private(set) var damage: String?

  init(path: String) throws(InspectorError) {
    file = try RecordingFile(path: path)
    let magic = Chunk.magic
    let start = file.bytes(Int(min(file.size, UInt64(FileKind.needed))), at: 0)?.prefix(FileKind.needed) ?? []
    guard start.count >= magic.count, start.prefix(6) == magic.prefix(6) else {
      throw .notARecording(path: path, reason: FileKind.words(for: Array(start)))
    }
    guard Chunk.versions.contains(start[6]), start[magic.count - 1] == magic.last else {
      let version = printable(String(decoding: start[6..<magic.count], as: UTF8.self))
      throw .notARecording(path: path, reason: "its version is '\(version)', this build reads 1 and 2")
    }
    offset = UInt64(magic.count)
  }

  mutating func stop(_ reason: String) { damage = reason }

  /// The next chunk; nil: there is no more, or something is wrong.
  mutating func next() -> Piece? {
    guard damage == nil, !isFinished, offset < file.size else { return nil }
    chunks += 1
    guard chunks <= Self.mostChunks else { return fail("too many chunks") }
    guard let head = file.bytes(Chunk.head, at: offset) else { return fail("it was cut off") }
    var reader = ByteReader(head)
    guard let kind = reader.byte(), let length = reader.word32(), let checksum = reader.word32() else {
      return fail("it was cut off")
    }
    guard length <= UInt32(Chunk.longest) else { return fail("a chunk that is too long") }
    guard let body = file.bytes(Int(length), at: offset + UInt64(head.count)) else {
      return fail("it was cut off")
    }
    var check = Checksum()
    check.add(head.prefix(5))
    check.add(body)
    guard check.value == checksum else { return fail("a wrong checksum") }
    defer { offset += UInt64(head.count + body.count) }
    let known = ChunkKind(rawValue: kind)
    isFinished = known == .end && offset + UInt64(head.count + body.count) == file.size
    return Piece(kind: known, offset: offset, body: body)
  }

  private mutating func fail(_ reason: String) -> Piece? {
    damage = "\(reason) at byte \(offset)"
    return nil
  }
}
