// Files: reading them from a G without holding up other Gs.
//
// A disk has no readiness: epoll refuses regular files, and a read that must go to the disk blocks its thread. So every
// call here that may touch a disk runs in `blocking`: the thread waits, and the P goes on with other Gs.
import CMPG
import Glibc

/// A regular file, open for reading from its start. It is closed when it goes out of scope.
///
/// ```swift
/// var file = try File(opening: "/etc/passwd")
/// var count = 0
/// while case let piece = try file.read(), !piece.isEmpty { count += piece.count }
/// ```
/// One G at a time may read. Its functions may be called outside of a G as well; they then block the calling thread.
public struct File: ~Copyable, Sendable {
  private let fd: Int32
  /// The path as it was given.
  public let path: String
  /// The size in bytes at the moment when the file was opened.
  public let size: Int
  private var offset: Int64 = 0

  /// Opens `path`, which may be relative to the current folder. Links are followed.
  /// - Throws: `.invalidPath`, `.notFound`, `.notRegular`, `.notPermitted`; for any other errno `.failed`.
  public init(opening path: String) throws(FileError) {
    try Self.check(path)
    try self.init(adopting: blocking { unsafe mpg_open_file(path) }, path)
  }

  /// Takes over a descriptor that a call of CMPG has opened.
  init(adopting fd: Int32, _ path: String) throws(FileError) {
    guard fd >= 0 else { throw FileError("open", path, -fd) }
    let size = blocking { mpg_regular_size(fd) }
    guard size >= 0 else {
      close(fd)
      throw FileError("fstat", path, Int32(-size))
    }
    (self.fd, self.path, self.size) = (fd, path, Int(size))
  }

  deinit { close(fd) }

  /// Reads on from where the last read ended. Returns up to `count` bytes, fewer when fewer are there; none at the end.
  /// - Parameter count: bytes, at least 1; else the process ends.
  /// - Throws: `.failed` when the system cannot read.
  public mutating func read(upTo count: Int = 64 << 10) throws(FileError) -> [UInt8] {
    precondition(count > 0, "read(upTo:) of at least one byte")
    let (fd, offset) = (fd, offset)
    var result: Int64 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      result = blocking { unsafe mpg_read_at(fd, buffer.baseAddress, count, offset) }
      filled = Int(max(result, 0))
    }
    guard result >= 0 else { throw FileError("pread", path, Int32(-result)) }
    self.offset += result
    return bytes
  }

  /// Reads everything that is left.
  /// - Parameter limit: how many bytes the caller takes at most.
  /// - Throws: `.tooLarge` as soon as there are more than `limit` bytes; `.failed` when the system cannot read.
  public mutating func readToEnd(limit: Int = .max) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    // Ask for one byte more than the file should have, or than `limit` allows: if it has more, this read shows that.
    var want = min(max(size - Int(offset), 0), min(limit, 1 << 30)) + 1
    while true {
      let piece = try read(upTo: want)
      if piece.isEmpty { return bytes }
      guard piece.count <= limit - bytes.count else { throw .tooLarge(path, limit: limit) }
      bytes += piece
      want = max(want - piece.count, 64 << 10)
    }
  }

  /// Opens a file and reads all of it.
  /// - Parameters:
  ///   - path: the file, as for `init(opening:)`.
  ///   - limit: how many bytes the caller takes at most.
  /// - Throws: what `init(opening:)` throws; `.tooLarge` when there are more than `limit` bytes; `.failed` when the system
  ///   cannot read.
  public static func read(_ path: String, limit: Int = .max) throws(FileError) -> [UInt8] {
    var file = try File(opening: path)
    return try file.readToEnd(limit: limit)
  }

  static func check(_ path: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .invalidPath(path) }
  }
}
