// What a system call costs by itself, and under `blocking`, which puts the P on offer for as long as it lasts.
import Glibc
import MPG

extension Measure {
  static let calling = [
    // One op is one getppid, which does nothing: what remains is going there and coming back.
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
