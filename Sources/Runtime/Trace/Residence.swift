// Where a process lives: its namespaces, in which its pid and its times hold. For the header, and for readers elsewhere.
import Glibc

struct Residence {
  /// Inodes of the pid and the time namespace; 0: the system does not say.
  let pid, time: UInt64
  /// What the time namespace adds to CLOCK_MONOTONIC and CLOCK_BOOTTIME, in nanoseconds.
  let monotonic, boottime: Int64

  /// Of this process.
  static let own: Residence = {
    let offsets = SystemCall.contents(of: "/proc/self/timens_offsets") ?? ""
    return Residence(
      pid: inode("pid"), time: inode("time"), monotonic: offset("monotonic", in: offsets),
      boottime: offset("boottime", in: offsets))
  }()

  private static func inode(_ kind: String) -> UInt64 {
    var status = stat()
    return unsafe stat("/proc/self/ns/\(kind)", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// Of a line `NAME SECONDS NANOSECONDS`; 0 where there is none: a kernel without time namespaces.
  static func offset(_ name: String, in text: String) -> Int64 {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == name, let seconds = Int64(words[1]), let rest = Int64(words[2])
      else { continue }
      return seconds &* 1_000_000_000 &+ rest
    }
    return 0
  }
}
