// Bytes that a target wrote: a section of its executable, or a piece of its memory.
//
// Nobody promises that they make sense. Every read is checked against the end, and a read outside of the bytes is nil.
internal import Glibc

/// Bytes from a target. Reads that leave the bytes are nil.
///
/// A copy or a slice costs nothing: all share the memory, which lives as long as one of them. Usable from any thread,
/// because nobody writes.
@safe public struct GoBytes: Sendable {
  private let storage: Storage
  private let start: Int
  /// The number of bytes.
  public let count: Int

  private init(_ storage: Storage, start: Int, count: Int) {
    (self.storage, self.start, self.count) = (storage, start, count)
  }

  /// A copy of `bytes`.
  public init(_ bytes: [UInt8]) {
    self.init(Storage(copying: bytes), start: 0, count: bytes.count)
  }

  /// Maps a part of a file, which is not copied; nil: the file does not have these bytes, or cannot be mapped.
  ///
  /// A file that somebody cuts short while it is mapped raises SIGBUS at the next read. The kernel forbids that of an
  /// executable that runs (ETXTBSY). The bytes of any other file should be read into an array.
  public init?(mapping descriptor: Int32, offset: Int, count: Int) {
    guard let mapped = Storage(mapping: descriptor, offset: offset, count: count) else { return nil }
    self.init(mapped, start: mapped.lead, count: count)
  }

  /// The bytes from `from` on, at most `count` of them. None, if `from` lies outside.
  public func slice(from: Int, count limit: Int = .max) -> GoBytes {
    guard from >= 0, from <= count, limit >= 0 else { return GoBytes(storage, start: start, count: 0) }
    return GoBytes(storage, start: start + from, count: min(limit, count - from))
  }

  /// The byte at `offset`.
  @inline(__always)
  public func byte(at offset: Int) -> UInt8? {
    guard offset >= 0, offset < count else { return nil }
    return unsafe storage.base.load(fromByteOffset: start + offset, as: UInt8.self)
  }

  /// The four bytes at `offset` as a number, the lowest byte first.
  @inline(__always)
  public func word32(at offset: Int) -> UInt32? {
    guard offset >= 0, offset <= count - 4 else { return nil }
    return unsafe UInt32(
      littleEndian: storage.base.loadUnaligned(fromByteOffset: start + offset, as: UInt32.self))
  }

  /// The eight bytes at `offset` as a number, the lowest byte first.
  @inline(__always)
  public func word64(at offset: Int) -> UInt64? {
    guard offset >= 0, offset <= count - 8 else { return nil }
    return unsafe UInt64(
      littleEndian: storage.base.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self))
  }

  /// The text that begins at `offset` and ends before a zero byte; nil: there is no such byte within `limit` bytes.
  /// What is not UTF-8 is repaired.
  public func text(at offset: Int, limit: Int = 4096) -> String? {
    guard offset >= 0, offset < count else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(
      start: storage.base + start + offset, count: min(limit, count - offset))
    guard let end = unsafe bytes.firstIndex(of: 0) else { return nil }
    return unsafe String(decoding: bytes[..<end], as: UTF8.self)
  }

  /// Whether `text` and a zero byte stand at `offset`.
  func holds(_ text: StaticString, at offset: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard offset >= 0, offset < count, length < count - offset else { return false }
    let place = unsafe storage.base + start + offset
    return unsafe memcmp(place, text.utf8Start, length) == 0
      && place.load(fromByteOffset: length, as: UInt8.self) == 0
  }
}

extension GoBytes {
  /// The memory behind the bytes.
  ///
  /// Sendable because nobody writes to it after its creation.
  @safe private final class Storage: @unchecked Sendable {
    let base: UnsafeRawPointer
    /// How many bytes of the mapping precede those that were asked for: a mapping begins at a page.
    let lead: Int
    private let mapped: Int?

    init(copying bytes: [UInt8]) {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
      unsafe memory.copyBytes(from: bytes)
      unsafe base = UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped)
      (lead, mapped) = (0, nil)
    }

    init?(mapping descriptor: Int32, offset: Int, count: Int) {
      var status = stat()
      guard offset >= 0, count > 0, unsafe fstat(descriptor, &status) == 0,
        offset <= Int(status.st_size), count <= Int(status.st_size) - offset
      else { return nil }
      lead = offset % Int(getpagesize())
      mapped = lead + count
      let memory = unsafe mmap(nil, lead + count, PROT_READ, MAP_PRIVATE, descriptor, off_t(offset - lead))
      guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return nil }
      unsafe base = UnsafeRawPointer(memory)
    }

    deinit {
      if let mapped {
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), mapped)
      } else {
        unsafe base.deallocate()
      }
    }
  }
}
