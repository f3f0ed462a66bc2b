// Where regions live: a folder of this user's on tmpfs, that nobody else may enter.
import Glibc

/// An open folder for regions.
struct RegionFolder {
  let fd: Int32
  let path: String

  /// `$XDG_RUNTIME_DIR/mpg` where that is set and usable, else `/dev/shm/mpg-UID`; made if missing, mode 0700.
  static func open() throws(SystemError) -> RegionFolder {
    if let runtime = unsafe getenv("XDG_RUNTIME_DIR") {
      let parent = unsafe String(cString: runtime)
      if parent.hasPrefix("/"), let folder = try? open(parent + "/mpg") { return folder }
    }
    return try open("/dev/shm/mpg-\(getuid())")
  }

  private static func open(_ path: String) throws(SystemError) -> RegionFolder {
    if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
      throw SystemError(call: "mkdir \(path)", errno: errno)
    }
    let fd = try SystemCall.retrying("open \(path)") {
      unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    var status = stat()
    guard unsafe fstat(fd, &status) == 0, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
      close(fd)
      throw SystemError(call: "\(path) is not a private folder of this user", errno: EACCES)
    }
    return RegionFolder(fd: fd, path: path)
  }
}
