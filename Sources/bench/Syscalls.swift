// The cost of a system call by itself, and inside `blocking`, which lets other Ms take the P while the call lasts.
import Glibc
import MPG

extension Measure {
  static let calling = [
    // One op is one getppid, which does nothing in the kernel: the time is that of entering and leaving it.
    Measure(name: "syscall", procs: 1, operations: 5_000_000, run: syscalls)
  ]

  private static func syscalls(total: Int) {
    var parents: Int32 = 0
    Report.timed("syscall-raw", operations: total) {
      for _ in 0..<total { parents |= getppid() }
    }
    Report.timed("syscall-sched", operations: total) {
      for _ in 0..<total { parents |= blocking { getppid() } }
    }
    precondition(parents >= 0, "getppid failed")
  }
}
