// The namespaces of a process, which say where its pid and its times are valid; and the lock by which the process shows in
// every namespace that it is alive.

/// The pid namespace and the time namespace of a process.
public struct Residence: Equatable, Sendable {
  /// The inode of the pid namespace; 0: not known.
  public var pid: UInt64
  /// The inode of the time namespace; 0: not known.
  public var time: UInt64
  /// The nanoseconds that the time namespace adds to CLOCK_MONOTONIC.
  public var monotonic: Int64
  /// The nanoseconds that the time namespace adds to CLOCK_BOOTTIME.
  public var boottime: Int64

  public init(pid: UInt64, time: UInt64, monotonic: Int64, boottime: Int64) {
    (self.pid, self.time, self.monotonic, self.boottime) = (pid, time, monotonic, boottime)
  }

  /// - Parameter offsets: the text of /proc/self/timens_offsets.
  public init(pid: UInt64, time: UInt64, offsets: String) {
    self.init(
      pid: pid, time: time, monotonic: Self.offset("monotonic", in: offsets),
      boottime: Self.offset("boottime", in: offsets))
  }

  /// Nanoseconds in the line `NAME SECONDS NANOSECONDS` of `text`; 0 without such a line, as on a kernel that has no time
  /// namespaces.
  public static func offset(_ name: String, in text: String) -> Int64 {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == name, let seconds = Int64(words[1]), let rest = Int64(words[2])
      else { continue }
      return seconds &* 1_000_000_000 &+ rest
    }
    return 0
  }
}

/// The lock by which a region's file shows that its process lives: a write lock of the open file description, on one byte.
/// Linux has had such locks since 3.15, but Swift's Glibc module lacks the commands of `fcntl` for them.
public enum LifeLock {
  /// `F_OFD_GETLK` and `F_OFD_SETLK`.
  public static let get: Int32 = 36
  public static let set: Int32 = 37
  public static let byte = 0
}
