// Where the bytes of a trace come from: a file, standard input, memory, or a folder of files; packed by gzip or not.
import CGzip

#if canImport(Glibc)
  import Glibc
#endif

/// The bytes of one trace, which are read once, from the first to the last. Not thread-safe.
public final class TraceInput {
  /// What the bytes are called in messages, such as the file's path.
  public let name: String
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private var memory: [UInt8]
  private var gunzip: Gunzip?
  private var isFirst = true
  /// Packed bytes that were read and not unpacked yet.
  private var packed: [UInt8] = []
  private var packedNext = 0
  /// Whether the packed file ends in the middle, or is damaged from some place on.
  public private(set) var isPackingDamaged = false

  /// The largest part that is read at once.
  private static let part = 1 << 20

  /// Opens a file.
  ///
  /// - Throws: `TraceError.cannotRead` if the system does not let it be opened.
  public init(path: String) throws(TraceError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotRead(path: path, errno: errno) }
    (name, self.descriptor, ownsDescriptor, memory) = (path, descriptor, true, [])
  }

  /// Reads from a descriptor, such as 0 for standard input, which stays open.
  public init(descriptor: Int32, name: String) {
    (self.name, self.descriptor, ownsDescriptor, memory) = (name, descriptor, false, [])
  }

  /// Reads from memory.
  public init(bytes: [UInt8], name: String = "memory") {
    (self.name, descriptor, ownsDescriptor, memory) = (name, -1, false, bytes)
  }

  /// Whether what can be read from a descriptor begins as a trace does, or as what is packed by gzip. Nothing is taken out of it:
  /// whoever reads it gets all. Waits for the first bytes of a pipe or a socket. False: it does not, or nobody can know before it
  /// is read.
  public static func mayBeTrace(descriptor: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 8)
    let count = unsafe cgzip_peek(descriptor, &bytes, bytes.count)
    return mayBeTrace(start: bytes.prefix(max(0, count)))
  }

  /// Whether a file that begins with these bytes may be a trace, plain or packed by gzip.
  package static func mayBeTrace(start: some Sequence<UInt8>) -> Bool {
    start.starts(with: "go 1.".utf8) || isPacked(start: start)
  }

  /// Whether a file that begins with these bytes is packed by gzip.
  package static func isPacked(start: some Sequence<UInt8>) -> Bool { start.starts(with: [0x1f, 0x8b]) }

  deinit { if ownsDescriptor { close(descriptor) } }

  /// Appends the next bytes to `buffer`, up to a megabyte of them, unpacked.
  ///
  /// - Returns: false: there are no more.
  func read(into buffer: inout [UInt8]) throws(TraceError) -> Bool {
    if isFirst {
      isFirst = false
      packed = try plain()
      while packed.count < 2 {
        let more = try plain()
        if more.isEmpty { break }
        packed += more
      }
      if Self.isPacked(start: packed) {
        guard let reader = Gunzip() else { throw .cannotUnpack }
        gunzip = reader
      } else {
        buffer += packed
        packed = []
        return true
      }
    }
    guard let gunzip else {
      let part = try plain()
      buffer += part
      return !part.isEmpty
    }
    return try unpack(gunzip, into: &buffer)
  }

  private func unpack(_ gunzip: Gunzip, into buffer: inout [UInt8]) throws(TraceError) -> Bool {
    guard !isPackingDamaged else { return false }
    while true {
      if packedNext == packed.count, !gunzip.hasMore {
        (packed, packedNext) = (try plain(), 0)
        if packed.isEmpty {
          isPackingDamaged = !gunzip.mayEnd
          return false
        }
      }
      let before = buffer.count
      guard gunzip.unpack(packed, &packedNext, room: Self.part, into: &buffer) else {
        isPackingDamaged = true
        return buffer.count > before
      }
      if buffer.count > before { return true }
    }
  }

  /// The next bytes as they are; empty: there are no more.
  private func plain() throws(TraceError) -> [UInt8] {
    guard descriptor >= 0 else {
      defer { memory = [] }
      return memory
    }
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.part) { room, filled in
      repeat {
        unsafe count = Glibc.read(descriptor, room.baseAddress, room.count)
      } while count < 0 && errno == EINTR
      filled = max(0, count)
    }
    guard count >= 0 else { throw .cannotRead(path: name, errno: errno) }
    return bytes
  }
}

/// Unpacks gzip. Not thread-safe. The pointer belongs to it alone.
@safe private final class Gunzip {
  private let reader: OpaquePointer
  /// Whether the packed file may end after what was unpacked last.
  private(set) var mayEnd = false

  /// Whether the room was too small for what was unpacked last.
  private(set) var hasMore = false

  /// Makes an unpacker; nil: there is no memory, or this program was built without zlib.
  init?() {
    guard let reader = unsafe cgzip_reader_new() else { return nil }
    unsafe self.reader = unsafe reader
  }

  deinit { unsafe cgzip_reader_free(reader) }

  /// Appends what the bytes from `next` on contain, at most `room` bytes.
  ///
  /// - Returns: false: the bytes are damaged.
  func unpack(_ packed: [UInt8], _ next: inout Int, room: Int, into buffer: inout [UInt8]) -> Bool {
    var (used, made, result) = (0, 0, Int32(0))
    let from = next
    let out = unsafe [UInt8](unsafeUninitializedCapacity: room) { out, filled in
      unsafe packed.withUnsafeBufferPointer { bytes in
        let rest = unsafe UnsafeBufferPointer(rebasing: bytes[from...])
        unsafe result = cgzip_reader_next(
          reader, rest.baseAddress, rest.count, &used, out.baseAddress, out.count, &made)
      }
      filled = made
    }
    buffer += out
    next += used
    (mayEnd, hasMore) = (result == 1, made == room)
    return result >= 0 && (used > 0 || made > 0 || from == packed.count)
  }
}
