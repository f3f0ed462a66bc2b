// A file that is written from its beginning to its end: a recording, or a trace for another program.
internal import Glibc

/// A new file, for its owner alone; one that is there is replaced, unless it is a symbolic link. Not thread-safe.
public final class OutputFile {
  public let path: String
  private let descriptor: Int32
  /// Bytes written so far.
  public private(set) var bytes = 0

  /// - Parameter isNew: a file that is there is left alone, and an error.
  public init(path: String, isNew: Bool = false) throws(InspectorError) {
    self.path = path
    let how = isNew ? O_EXCL : O_TRUNC
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | how | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw InspectorError(SystemCallError(call: "open", errno: errno), path: path)
    }
  }

  deinit { _ = close(descriptor) }

  /// Writes all of `bytes` behind what is there.
  func write(_ bytes: [UInt8]) throws(InspectorError) {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw InspectorError(SystemCallError(call: "write", errno: errno), path: path)
      }
      done += written
    }
    self.bytes += bytes.count
  }
}
