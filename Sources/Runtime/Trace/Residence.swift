// The namespaces of this process, for the header of its region.
import Glibc
import Region

extension Residence {
  /// The namespaces of this process.
  static let own = Residence(
    pid: inode("pid"), time: inode("time"),
    offsets: SystemCall.contents(of: "/proc/self/timens_offsets") ?? "")

  private static func inode(_ kind: String) -> UInt64 {
    var status = stat()
    return unsafe stat("/proc/self/ns/\(kind)", &status) == 0 ? UInt64(status.st_ino) : 0
  }
}
