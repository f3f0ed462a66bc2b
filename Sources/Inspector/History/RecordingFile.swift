// The file of a recording, open for reading.
internal import Glibc

/// Reads pieces of a file. Not mapped: a file that somebody cuts short gives nothing, and no SIGBUS.
final class RecordingFile {
  let path: String
  private let descriptor: FileDescriptor
  let size: UInt64

  init(path: String) throws(InspectorError) {
    do throws(SystemCallError) {
      descriptor = try FileDescriptor(reading: path)
      let status = try descriptor.status()
      guard status.isRegular else {
        throw SystemCallError(call: "open", errno: status.isDirectory ? EISDIR : EINVAL)
      }
      size = UInt64(clamping: status.bytes)
    } catch {
      throw InspectorError(error, path: path)
    }
    self.path = path
  }

  /// The bytes from `offset`; nil when they are not all there.
  func bytes(_ count: Int, at offset: UInt64) -> [UInt8]? {
    guard count >= 0, offset <= size, UInt64(count) <= size - offset else { return nil }
    var done = 0
    var bytes = [UInt8](repeating: 0, count: count)
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(descriptor.raw, $0.baseAddress! + done, count - done, off_t(offset) + off_t(done))
      }
      if got < 0, errno == EINTR { continue }
      if got <= 0 { break }
      done += got
    }
    return done == count ? bytes : nil
  }
}
