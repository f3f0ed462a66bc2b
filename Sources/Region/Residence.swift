// Where a process lives: in which pid namespace its pid is its pid, and in which time namespace its times are; and how it shows
// in every namespace that it lives.

/// Namespaces of a process.
public struct Residence: Equatable, Sendable {
  /// Inodes; 0: not known.
  public var pid: UInt64
  public var time: UInt64
  /// What the time namespace adds to CLOCK_MONOTONIC and CLOCK_BOOTTIME, in nanoseconds.
  public var monotonic: Int64
  public var boottime: Int64

  public init(pid: UInt64, time: UInt64, monotonic: Int64, boottime: Int64) {
    (self.pid, self.time, self.monotonic, self.boottime) = (pid, time, monotonic, boottime)
  }

  /// - Parameter offsets: what /proc/self/timens_offsets says.
  public init(pid: UInt64, time: UInt64, offsets: String) {
    self.init(
      pid: pid, time: time, monotonic: Self.offset("monotonic", in: offsets),
      boottime: Self.offset("boottime", in: offsets))
  }

  /// Of a line `NAME SECONDS NANOSECONDS`; 0 where there is none: a kernel without time namespaces.
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

/// The lock by which a region's file tells that its process lives: a write lock of the open file description, on one byte. The
/// commands of `fcntl` for it, which Swift's Glibc lacks; Linux has had them since 3.15.
public enum LifeLock {
  /// F_OFD_GETLK and F_OFD_SETLK.
  public static let get: Int32 = 36
  public static let set: Int32 = 37
  public static let byte = 0
}
