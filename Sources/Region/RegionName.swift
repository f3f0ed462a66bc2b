// The name of a region's file: used to create one, to find one, and to remove the files of dead processes.

/// `PID-STARTTIME.mpg`; or `PID-STARTTIME-NAMESPACE.mpg`, when a process of another pid namespace has taken the first name.
public struct RegionName: Equatable, Sendable {
  /// The process's pid in its own pid namespace.
  public let pid: Int32
  /// When the process started, in clock ticks since the machine booted, as the process itself reads it. Within a pid
  /// namespace, no two processes have the same pid and start time.
  public let startTime: UInt64
  /// The inode of the process's pid namespace; nil: the name does not tell.
  public let namespace: UInt64?

  public init(pid: Int32, startTime: UInt64, namespace: UInt64? = nil) {
    (self.pid, self.startTime, self.namespace) = (pid, startTime, namespace)
  }

  /// Parses a file's name; nil when it is not the name of a region.
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
