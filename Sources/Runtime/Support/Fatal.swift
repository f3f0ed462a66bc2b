// How the runtime ends the process when it finds a fault of its own or of its caller.
import CMPG
import Glibc

/// Writes a line to stderr. Waits for room there for a second at most, because the caller may be about to end the
/// process, or may hold a lock or a P for which others wait.
func tell(_ message: String) {
  let line = Array("mpg: \(message)\n".utf8)
  unsafe line.withUnsafeBytes { unsafe _ = mpg_tell($0.baseAddress, $0.count, 1_000_000_000) }
}

/// Writes in one line what went wrong, and aborts. The region stays behind as a black box.
@inline(never)
func fatal(_ message: String) -> Never {
  tell(message)
  if let region = unsafe runtimeRegion { region.markEnd(.crashed, status: UInt64(SIGABRT)) }
  abort()
}

/// The name of an errno, as the manual pages spell it.
func errnoName(_ code: Int32) -> String {
  let names: [Int32: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", EIO: "EIO", EAGAIN: "EAGAIN", ENOMEM: "ENOMEM", EACCES: "EACCES",
    EEXIST: "EEXIST", ENOTDIR: "ENOTDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE",
    EFBIG: "EFBIG", ENOSPC: "ENOSPC", EROFS: "EROFS", ENOSYS: "ENOSYS", ELOOP: "ELOOP", EBADF: "EBADF",
    EADDRINUSE: "EADDRINUSE", EADDRNOTAVAIL: "EADDRNOTAVAIL", ECONNRESET: "ECONNRESET", EPIPE: "EPIPE",
    ECONNREFUSED: "ECONNREFUSED", ETIMEDOUT: "ETIMEDOUT", EOVERFLOW: "EOVERFLOW",
  ]
  return names[code] ?? "errno \(code)"
}

/// A system call that failed.
public struct SystemError: Error, Sendable, CustomStringConvertible {
  /// The name of the call: `open`, `epoll_ctl`…
  public let call: String
  /// The reason why the call failed, as `errno(3)` numbers it.
  public let errno: Int32

  /// Makes the error which says that `call` failed with `errno`; for code that wraps system calls of its own.
  public init(call: String, errno: Int32) { (self.call, self.errno) = (call, errno) }

  public var description: String { "\(call): \(errnoName(errno))" }
}
