// The residence of a region's process: the pid namespace in which its pid is valid, and the time namespace in
// which its times are.
//
// §1 The problem. A container, its host and its neighbours may share the folder of regions, but not their namespaces.
// Then /proc here has no process with the pid that a region names, or another process has that pid. And the times differ:
// the *reader's* time namespace moves CLOCK_MONOTONIC and the start time in /proc/PID/stat.
//
// §2 The design. A region names the inodes of its namespaces, and the offsets that its time namespace adds to the
// clocks. The reader moves each time by the difference to the offsets of its own namespace (Clock). It finds a process
// of another pid namespace by what /proc says of each process: the process must be in that namespace (`ns/pid`) and
// have that pid there (the last of `NSpid`). If our /proc shows the process, it has a pid here as well. If not, our
// namespace is no ancestor of the process's, and the process cannot be seen. Then a lock tells whether it lives: the
// process that made the region holds a lock on the file as long as it lives. If no process holds the lock, the process
// is dead for certain. If a process holds it, the process is most probably alive. But a child that was made without the
// handlers of fork may hold a copy of the descriptor, and with it the lock. So such a process is not called alive but
// `elsewhere`.
import Host
import Region

extension Residence {
  /// The namespaces of this process.
  static let own = Residence(
    pid: inode("pid", of: "self") ?? 0, time: inode("time", of: "self") ?? 0,
    offsets: String(decoding: smallFile("/proc/self/timens_offsets", limit: 256) ?? [], as: UTF8.self))

  /// The inode of a namespace of a process; nil: it cannot be read.
  static func inode(_ kind: String, of process: String) -> UInt64? {
    (try? FileStatus(ofTarget: "/proc/\(process)/ns/\(kind)"))?.identity.inode
  }

  /// The nanoseconds to add to a monotonic time of a process that lives in these namespaces, so that it becomes a
  /// time of CLOCK_MONOTONIC here.
  func shift(to here: Residence = .own) -> Int64 { time == here.time ? 0 : here.monotonic &- monotonic }

  /// The start times that /proc here may show for a process that gives `start` as its own, in clock ticks of a
  /// hundredth of a second.
  func starts(_ start: UInt64, seenFrom here: Residence = .own) -> ClosedRange<UInt64> {
    let moved = time == here.time ? 0 : here.boottime &- boottime
    guard moved != 0 else { return start...start }
    let tick: Int64 = 10_000_000
    // The shift is less than 2^40 ticks, so the sum cannot overflow.
    let middle = Int64(clamping: min(start, 1 << 62)) + moved / tick
    // The start time that the process gives and the one that /proc shows here are each rounded down, after the offset
    // of its own namespace was added. So they may differ by one.
    return UInt64(clamping: middle - 1)...UInt64(clamping: middle + 1)
  }
}
