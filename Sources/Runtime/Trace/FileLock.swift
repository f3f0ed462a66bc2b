// The lock by which a region's file tells across pid namespaces that its process lives: RegionFolder §2.
import Glibc

enum FileLock {
  // Swift's Glibc lacks these. Linux has had them since 3.15.
  private static let get: Int32 = 36
  private static let set: Int32 = 37

  /// Takes the write lock on the first byte for the open file description of `fd`; whether it could be had.
  static func take(_ fd: Int32) -> Bool {
    var lock = firstByte()
    return unsafe fcntl(fd, set, &lock) == 0
  }

  /// Whether somebody has it; nil: the system does not say.
  static func isHeld(_ fd: Int32) -> Bool? {
    var lock = firstByte()
    guard unsafe fcntl(fd, get, &lock) == 0 else { return nil }
    return lock.l_type != Int16(F_UNLCK)
  }

  private static func firstByte() -> flock {
    var lock = flock()
    (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (Int16(F_WRLCK), Int16(SEEK_SET), 0, 1)
    return lock
  }
}
