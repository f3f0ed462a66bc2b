// The lock on a region's file. It tells across pid namespaces that the file's process lives: RegionFolder §2.
import Glibc
import Region

enum FileLock {
  /// Takes the write lock on the first byte, for the open file description of `fd`. True if it could be had.
  static func take(_ fd: Int32) -> Bool {
    var lock = byte
    return unsafe fcntl(fd, LifeLock.set, &lock) == 0
  }

  /// Whether a process holds the lock; nil: the system does not say.
  static func isHeld(_ fd: Int32) -> Bool? {
    var lock = byte
    guard unsafe fcntl(fd, LifeLock.get, &lock) == 0 else { return nil }
    return lock.l_type != Int16(F_UNLCK)
  }

  private static var byte: flock {
    var lock = flock()
    (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (
      Int16(F_WRLCK), Int16(SEEK_SET), off_t(LifeLock.byte), 1
    )
    return lock
  }
}
