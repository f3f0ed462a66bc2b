// The name of a region's file, for those who make one, look for one, and remove what is left of the dead.

/// `PID-STARTTIME.mpg`; or `PID-STARTTIME-NAMESPACE.mpg`, where a process of another pid namespace has the first name.
public struct RegionName: Equatable, Sendable {
  /// As the process calls itself, in its own pid namespace.
  public let pid: Int32
  /// When it started, in clock ticks since the machine booted, as the process itself reads it. With the pid never used again
  /// in one pid namespace.
  public let startTime: UInt64
  /// The inode of its pid namespace; nil: the name does not tell.
  public let namespace: UInt64?

  public init(pid: Int32, startTime: UInt64, namespace: UInt64? = nil) {
    (self.pid, self.startTime, self.namespace) = (pid, startTime, namespace)
  }

  /// nil: it is no region's.
  public init?(_ fileName: String) {
    guard fileName.hasSuffix(".mpg") else { return nil }
    let parts = fileName.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let pid = Int32(parts[0]), pid > 0, let start = UInt64(parts[1])
    else { return nil }
    let namespace = parts.count == 3 ? UInt64(parts[2]) : nil
    guard parts.count == 2 || namespace != nil else { return nil }
    self.init(pid: pid, startTime: start, namespace: namespace)
  }

  public var fileName: String { "\(pid)-\(startTime)" + (namespace.map { "-\($0)" } ?? "") + ".mpg" }
}
