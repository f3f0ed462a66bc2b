// Where a region's process lives: in which pid namespace its pid is its pid, and in which time namespace its times are.
//
// §1 The problem. A container, its host and its neighbours may share the folder of regions and not the namespaces. Then
// /proc knows nobody by the pid that a region tells, or somebody else; and the start time in /proc/PID/stat and
// CLOCK_MONOTONIC are moved by what the *reader's* time namespace says.
//
// §2 The design. A region tells the inodes of its namespaces, and what its time namespace adds to the clocks. Times are moved
// by the difference to what ours adds (Clock). A process of another pid namespace is looked for by what /proc says of each:
// who is in that namespace (`ns/pid`) and calls itself by that number there (the last of `NSpid`). If our /proc shows it, it
// has a number here as well. If not, ours is no namespace above its own, and it cannot be seen; that it lives is told by a
// lock on its file: who made the region holds it as long as it lives. Nobody has it: dead, for certain. Somebody has it:
// most probably alive; but a copy of the descriptor, in a child that was made past the handlers of fork, has it too. So
// that is not called alive but `elsewhere`.
import Host
import Region

extension Residence {
  /// Of this process.
  static let own = Residence(
    pid: inode("pid", of: "self") ?? 0, time: inode("time", of: "self") ?? 0,
    offsets: String(decoding: smallFile("/proc/self/timens_offsets", limit: 256) ?? [], as: UTF8.self))

  static func inode(_ kind: String, of process: String) -> UInt64? {
    (try? FileStatus(ofTarget: "/proc/\(process)/ns/\(kind)"))?.identity.inode
  }

  /// What is to be added to a moment of a process that lives there, so that it is one of CLOCK_MONOTONIC here.
  func shift(to here: Residence = .own) -> Int64 { time == here.time ? 0 : here.monotonic &- monotonic }

  /// The start times, in clock ticks of a hundredth of a second, that /proc here may say of a process that says `start` of itself.
  func starts(_ start: UInt64, seenFrom here: Residence = .own) -> ClosedRange<UInt64> {
    let moved = time == here.time ? 0 : here.boottime &- boottime
    guard moved != 0 else { return start...start }
    let tick: Int64 = 10_000_000
    // It is moved by less than 2^40 of them.
    let middle = Int64(clamping: min(start, 1 << 62)) + moved / tick
    // Both are rounded down, each after its own addition.
    return UInt64(clamping: middle - 1)...UInt64(clamping: middle + 1)
  }
}
