// The few calls of the operating system that a reader makes, each with its errors named. They need no Foundation.
internal import Glibc

/// An open file descriptor. It is closed when its owner is destroyed.
package struct FileDescriptor: ~Copyable {
  package let raw: Int32

  /// Opens `path` for reading only, without waiting for the other end of a FIFO. If the last component is a symbolic
  /// link, the kernel refuses it (ELOOP), unless `followsLink` is true, because the user named the link.
  package init(reading path: String, followsLink: Bool = false) throws(SystemCallError) {
    let follow = followsLink ? 0 : O_NOFOLLOW
    raw = unsafe open(path, O_RDONLY | follow | O_CLOEXEC | O_NONBLOCK)
    guard raw >= 0 else { throw SystemCallError(call: "open", errno: errno) }
  }

  deinit { _ = close(raw) }

  /// Makes a file that has no name, in a folder.
  package init(temporaryIn folder: String) throws(SystemCallError) {
    var path = Array("\(folder)/mpgtop-XXXXXX".utf8CString)
    raw = unsafe path.withUnsafeMutableBufferPointer { unsafe mkstemp($0.baseAddress!) }
    guard raw >= 0 else { throw SystemCallError(call: "mkstemp", errno: errno) }
    _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
    _ = unsafe path.withUnsafeBufferPointer { unsafe unlink($0.baseAddress!) }
  }

  package func status() throws(SystemCallError) -> FileStatus { try FileStatus(of: raw) }

  /// The `count` bytes from `offset`; nil: not all of them are there, or they cannot be read. Several threads may read at a time.
  package func bytes(_ count: Int, at offset: UInt64) -> [UInt8]? {
    var done = 0
    var bytes = [UInt8](repeating: 0, count: count)
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(raw, $0.baseAddress! + done, count - done, off_t(offset) + off_t(done))
      }
      if got < 0, errno == EINTR { continue }
      if got <= 0 { return nil }
      done += got
    }
    return bytes
  }

  /// Writes `bytes` at `offset`, and returns whether all of them were written.
  package func write(_ bytes: [UInt8], at offset: UInt64) -> Bool {
    var done = 0
    while done < bytes.count {
      let put = unsafe bytes.withUnsafeBytes {
        unsafe pwrite(raw, $0.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
      }
      if put < 0, errno == EINTR { continue }
      if put <= 0 { return false }
      done += put
    }
    return true
  }
}

/// A system call that failed, with its errno.
package struct SystemCallError: Error, Equatable {
  package let call: String
  package let errno: Int32
}

extension InspectorError {
  /// The error to show the user for a call that failed on `path`.
  package init(_ error: SystemCallError, path: String) {
    self =
      switch error.errno {
      case ELOOP: .notPermitted(path: path, reason: "it is a symbolic link; only the file itself is read")
      case EACCES, EPERM: .notPermitted(path: path, reason: "not permitted (\(errnoText(error.errno)))")
      default: .system(call: error.call, path: path, errno: error.errno)
      }
  }
}

/// The part of the answers of `stat`, `fstat` and `lstat` that we need.
package struct FileStatus {
  package let isRegular, isDirectory, isSymbolicLink: Bool
  /// The kind of file in words for people: `a folder`, `a pipe`.
  package let kind: String
  package let owner, group: UInt32
  package let permissions: UInt32
  package let identity: FileIdentity
  package let bytes: Int

  package init(of descriptor: Int32) throws(SystemCallError) {
    var raw = stat()
    guard unsafe fstat(descriptor, &raw) == 0 else { throw SystemCallError(call: "fstat", errno: errno) }
    self.init(raw)
  }

  /// The status of the file at `path` itself: a symbolic link is not followed.
  package init(ofLink path: String) throws(SystemCallError) {
    var raw = stat()
    guard unsafe lstat(path, &raw) == 0 else { throw SystemCallError(call: "lstat", errno: errno) }
    self.init(raw)
  }

  /// The status of the file that `path` leads to: symbolic links are followed.
  package init(ofTarget path: String) throws(SystemCallError) {
    var raw = stat()
    guard unsafe stat(path, &raw) == 0 else { throw SystemCallError(call: "stat", errno: errno) }
    self.init(raw)
  }

  private init(_ raw: stat) {
    isRegular = raw.st_mode & S_IFMT == S_IFREG
    isDirectory = raw.st_mode & S_IFMT == S_IFDIR
    isSymbolicLink = raw.st_mode & S_IFMT == S_IFLNK
    kind =
      switch raw.st_mode & S_IFMT {
      case S_IFDIR: "a folder"
      case S_IFIFO: "a pipe"
      case S_IFSOCK: "a socket"
      case S_IFCHR, S_IFBLK: "a device"
      case S_IFLNK: "a symbolic link"
      default: "a file"
      }
    (owner, group) = (raw.st_uid, raw.st_gid)
    identity = FileIdentity(device: UInt64(raw.st_dev), inode: UInt64(raw.st_ino))
    permissions = raw.st_mode & 0o7777
    bytes = Int(raw.st_size)
  }
}

/// The time now, in nanoseconds of CLOCK_MONOTONIC: the clock of every time in a snapshot. Callable from any thread.
public func monotonicNow() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// The time now, in nanoseconds since 1970. Callable from any thread.
package func wallClockNow() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &now)
  return UInt64(max(0, now.tv_sec)) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// The first `limit` bytes of a small file, such as one below /proc; nil: it cannot be read.
package func smallFile(_ path: String, limit: Int = 4096) -> [UInt8]? {
  try? contents(of: path, limit: limit)
}

/// The first `limit` bytes of a file. Throws, for callers that must know why the file cannot be read.
package func contents(of path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw SystemCallError(call: "open", errno: errno) }
  defer { _ = close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: limit)
  let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
  guard count >= 0 else { throw SystemCallError(call: "read", errno: errno) }
  return Array(bytes.prefix(count))
}

/// The names in a folder, at most `limit` of them, without `.` and `..`.
package func listing(of folder: String, limit: Int = 4096) throws(SystemCallError) -> [String] {
  guard let stream = unsafe opendir(folder) else { throw SystemCallError(call: "opendir", errno: errno) }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while names.count < limit, let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names
}

/// The effective user id of this process.
package func currentUser() -> UInt32 { geteuid() }

/// The value of an environment variable; nil: it is unset or empty.
package func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}

/// The C library's words for an errno: `Permission denied`.
package func errnoText(_ errno: Int32) -> String {
  guard let text = unsafe strerror(errno) else { return "unknown" }
  return unsafe String(cString: text)
}

/// The C library's words for a signal: `Segmentation fault`.
func signalName(_ signal: Int32) -> String {
  guard signal > 0, let name = unsafe strsignal(signal) else { return "unknown" }
  return unsafe String(cString: name)
}
