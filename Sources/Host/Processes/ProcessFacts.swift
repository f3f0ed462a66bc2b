// More of what the operating system tells of a process: its executable, and when it began.
internal import Glibc

/// Facts about one process.
package enum ProcessFacts {
  /// The path of the executable, as it was when the process began; nil: there is no such process, or we may not look at it.
  package static func executable(of pid: Int32) -> String? {
    guard let path = link("/proc/\(pid)/exe") else { return nil }
    let deleted = " (deleted)"
    return printable(path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path)
  }

  /// The path that a symbolic link contains; nil: there is no link at `path`, or it may not be read.
  package static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink(path, $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }

  /// The file name of the executable; nil: there is no such process, or we may not look at it.
  package static func executableName(of pid: Int32) -> String? {
    executable(of: pid).flatMap { $0.split(separator: "/").last.map(String.init) }
  }

  /// When a process began, in nanoseconds of the monotonic clock. The kernel tells it in hundredths of a second, by the
  /// clock that goes on while the machine sleeps.
  package static func beginning(of process: ProcessIdentity) -> UInt64 {
    var boot = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &boot)
    let now = UInt64(boot.tv_sec) * 1_000_000_000 + UInt64(boot.tv_nsec)
    let perTick = 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    let (start, isOver) = process.startTime.multipliedReportingOverflow(by: perTick)
    let age = isOver || start > now ? 0 : now - start
    let monotonic = monotonicNow()
    return monotonic > age ? monotonic - age : 0
  }

  /// The ids of all processes that /proc shows.
  package static func all() -> [Int32] {
    ((try? listing(of: "/proc", limit: 1 << 20)) ?? []).compactMap { Int32($0) }
  }
}
