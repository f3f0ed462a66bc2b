// The bytes of an executable's file. They are untrusted, and are read piece by piece.
internal import Glibc
import Host

/// Bytes of which any part can be read. May be used from any thread.
package protocol ByteSource: AnyObject, Sendable {
  /// The number of bytes.
  var size: Int { get }

  /// The bytes from `place` on, `count` of them; nil: not all of them are there.
  func bytes(at place: Int, _ count: Int) -> [UInt8]?
}

/// The reason why a file could not be opened.
package struct OpenProblem: Error, Equatable {
  package let errno: Int32
}

/// A file, which stays open. By /proc/PID/exe a running program's file can be opened even after it was deleted.
package final class FileBytes: ByteSource {
  package let descriptor: Int32
  package let size: Int

  /// Opens the file at `path`, following links, as /proc/PID/exe is one.
  package init(path: String) throws(OpenProblem) {
    // The path may name anything: opening a pipe without a writer must not block, nor a terminal become our controlling one.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw OpenProblem(errno: errno) }
    size = (try? FileStatus(of: descriptor).bytes) ?? 0
  }

  deinit { _ = close(descriptor) }

  package func bytes(at place: Int, _ count: Int) -> [UInt8]? {
    guard place >= 0, count >= 0, count <= mostBytes, place <= size - count else { return nil }
    var filled = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while filled < count {
        let read = unsafe pread(
          descriptor, buffer.baseAddress! + filled, count - filled, off_t(place + filled))
        guard read > 0 else { break }
        filled += read
      }
      initialized = filled
    }
    return filled == count ? bytes : nil
  }
}

/// A source of bytes that are in memory already.
package final class ArrayBytes: ByteSource {
  private let all: [UInt8]
  package var size: Int { all.count }

  package init(_ bytes: [UInt8]) { all = bytes }

  package func bytes(at place: Int, _ count: Int) -> [UInt8]? {
    guard place >= 0, count >= 0, count <= mostBytes, place <= all.count - count else { return nil }
    return Array(all[place..<place + count])
  }
}
