// Memory of this process, from /proc/self/status.
import Glibc

struct Memory {
  /// The number of bytes of the process that are in memory, and of bytes that its page tables take.
  let resident, pageTables: Int

  static func now() -> Memory {
    let text = status()
    return Memory(resident: kilobytes("VmRSS:", text) * 1024, pageTables: kilobytes("VmPTE:", text) * 1024)
  }

  private static func status() -> String {
    let fd = unsafe open("/proc/self/status", O_RDONLY)
    precondition(fd >= 0, "mpg-bench: cannot open /proc/self/status")
    defer { close(fd) }
    return unsafe String(unsafeUninitializedCapacity: 8192) { buffer in
      max(0, unsafe read(fd, buffer.baseAddress, buffer.count))
    }
  }

  private static func kilobytes(_ name: String, _ text: String) -> Int {
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    guard
      let number = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
        Int($0)
      })
    else { preconditionFailure("mpg-bench: no \(name) in /proc/self/status") }
    return number
  }
}
