// The errors of reading a file.
import Glibc

/// The reason why a file could not be opened or read. Each case describes itself in one line, with the path
/// in it.
public enum FileError: Error, Equatable, CustomStringConvertible {
  /// The path is empty or has a NUL in it: no file has such a name.
  case invalidPath(String)
  /// There is no such file.
  case notFound(String)
  /// The path leads out of the folder: it is absolute, has `..` in it, or a link on it points outside.
  case outside(String)
  /// The path names a folder, a device, a socket or a pipe.
  case notRegular(String)
  /// This user may not read the file.
  case notPermitted(String)
  /// The file has more bytes than the caller wants.
  case tooLarge(String, limit: Int)
  /// A system call failed with an errno that no other case stands for.
  case failed(call: String, path: String, errno: Int32)

  init(_ call: String, _ path: String, _ errno: Int32) {
    self =
      switch errno {
      case ENOENT, ENOTDIR, ENAMETOOLONG: .notFound(path)
      case EXDEV, ELOOP: .outside(path)
      case EISDIR, ENXIO, ENODEV: .notRegular(path)
      case EACCES, EPERM: .notPermitted(path)
      default: .failed(call: call, path: path, errno: errno)
      }
  }

  public var description: String {
    switch self {
    case .invalidPath: "the path is empty, or has a NUL in it"
    case .notFound(let path): "\(path): there is no such file"
    case .outside(let path): "\(path): leads out of the folder"
    case .notRegular(let path): "\(path): is not a regular file"
    case .notPermitted(let path): "\(path): may not be read by this user"
    case .tooLarge(let path, let limit): "\(path): has more than \(limit) bytes"
    case .failed(let call, let path, let errno): "\(path): \(call): \(errnoName(errno))"
    }
  }
}
