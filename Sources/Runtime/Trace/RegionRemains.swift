// What lies in a folder under a region's name, as another process's start sees it: dead or not, and whose.
import Glibc
import Region

/// A file that may be a dead process's region; open as long as this lives.
struct RegionRemains: ~Copyable {
  private let fd: Int32
  /// Seconds since it was written to.
  let age: Int
  private let isComplete: Bool

  /// nil: it cannot be opened, or is no plain file.
  init?(_ name: String, in folder: Int32) {
    // For writing, since only so it can be told that it ended; a file of another's that cannot be written to stays.
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

  /// Whether its process lived where we live, as far as both are known. What somebody just makes is not ours.
  var isOfThisNamespace: Bool {
    guard isComplete else { return FileLock.isHeld(fd) != true }
    let (theirs, own) = (Self.word(.pidNamespace, fd) ?? 0, Residence.own.pid)
    return theirs == 0 || own == 0 || theirs == own
  }

  /// Whether its process is dead for certain: nobody has its lock, and there was one; or, of one of our own namespace, nobody
  /// has its pid and start time. One that was not finished says nothing of itself: it has a minute.
  func isSurelyDead(_ name: RegionName) -> Bool {
    guard FileLock.isHeld(fd) == false else { return false }
    guard isComplete else { return age > 60 && Self.word(.magic, fd) ?? 0 == 0 }
    if Self.word(.isLocked, fd) == 1 { return true }
    guard let theirs = Self.word(.pidNamespace, fd), theirs != 0, theirs == Residence.own.pid else {
      return false
    }
    return SystemCall.isGone("\(name.pid)", startTime: name.startTime)
  }

  /// Writes that the process exited with 0; nothing, if the file is not of our layout.
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
