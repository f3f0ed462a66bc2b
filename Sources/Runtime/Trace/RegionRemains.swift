// A file in a folder of regions, as another process finds it at its start: whether its process is dead, and whether
// that process lived in our pid namespace.
import Glibc
import Region

/// A file that may be a dead process's region. The file stays open as long as this value lives.
struct RegionRemains: ~Copyable {
  private let fd: Int32
  /// How many seconds ago the file was last written to.
  let age: Int
  private let isComplete: Bool

  /// Opens the file `name` in `folder`; nil if it cannot be opened, or is no plain file.
  init?(_ name: String, in folder: Int32) {
    // Open for writing, which `markExited` needs. Another user's file, which cannot be written to, is left alone.
    let fd = unsafe openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { return nil }
    var status = stat()
    guard unsafe fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(fd)
      return nil
    }
    (self.fd, age) = (fd, Int(time(nil)) - status.st_mtim.tv_sec)
    isComplete = Self.word(.magic, fd) == Layout.magic && Self.word(.version, fd) == Layout.version
  }

  deinit { close(fd) }

  /// Whether the file's process lived in our pid namespace, as far as both are known. For an unfinished file: whether
  /// no process holds the file's lock, as the process that makes the file would.
  var isOfThisNamespace: Bool {
    guard isComplete else { return FileLock.isHeld(fd) != true }
    let (theirs, own) = (Self.word(.pidNamespace, fd) ?? 0, Residence.own.pid)
    return theirs == 0 || own == 0 || theirs == own
  }

  /// Whether the file's process is certainly dead. It is if the file has been locked and no process holds the lock; or
  /// if it is of our own pid namespace and no process there has its pid and start time. An unfinished file says nothing
  /// about its process; it counts as dead after a minute.
  func isSurelyDead(_ name: RegionName) -> Bool {
    guard FileLock.isHeld(fd) == false else { return false }
    guard isComplete else { return age > 60 && Self.word(.magic, fd) ?? 0 == 0 }
    if Self.word(.isLocked, fd) == 1 { return true }
    guard let theirs = Self.word(.pidNamespace, fd), theirs != 0, theirs == Residence.own.pid else {
      return false
    }
    return SystemCall.isGone("\(name.pid)", startTime: name.startTime)
  }

  /// Records that the process exited with 0. Does nothing if the file does not have our layout.
  func markExited() {
    guard isComplete else { return }
    for (field, value) in [(HeaderField.ending, 0), (.state, UInt64(ProcessState.exited.rawValue))] {
      var word = value
      unsafe _ = pwrite(fd, &word, 8, off_t(field.rawValue * 8))
    }
  }

  private static func word(_ field: HeaderField, _ fd: Int32) -> UInt64? {
    var word: UInt64 = 0
    return unsafe pread(fd, &word, 8, off_t(field.rawValue * 8)) == 8 ? word : nil
  }
}
