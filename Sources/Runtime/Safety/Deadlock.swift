// Deadlock: all goroutines are asleep, and nothing can wake them.
//
// Sysmon looks when every P has been idle for a while. It is a deadlock if there are Gs, none is in a system call, no
// timer is armed, no G waits for a socket or a signal, and the netpoll thread is in the kernel with nothing in hand
// (its `sleepUntil` says so): then no event can come from inside the process, nor from outside. A G that awaits an
// `async` function, and a thread that is none of ours, may be about to bring something (Outside.swift): no deadlock.
import CMPG
import Glibc
import Region

enum Deadlock {
  /// Ends the process with exit code 2, as Go does, if it will never do anything again. Called by sysmon.
  static func check() {
    guard isDeadlocked else { return }
    PlainText.line { $0.add("mpg: all goroutines are asleep: deadlock") }
    AllGoroutines.printAll()
    unsafe runtimeRegion?.markEnd(.crashed, status: UInt64(SIGABRT))
    _exit(2)
  }

  private static var isDeadlocked: Bool {
    let sched = sched
    guard sched.netpoll.isDormant, !sched.hasWork else { return false }
    guard !sched.shortages.isDue, !sched.hasStackless else { return false }
    let live = sum(.created) &- sum(.exited)
    let inSyscall = sum(.syscalls) &- sum(.syscallsReturned) &- sum(.syscallsQueued)
    let preempted = sum(.preempted) &- sum(.resumed)
    guard live > 0, inSyscall == 0, preempted == 0 else { return false }
    guard sched.allIdle else { return false }
    guard nobodyWaits(.netpollRead), nobodyWaits(.netpollWrite), nobodyWaits(.signal) else { return false }
    return nobodyWaits(.await) && !Outside.hasThreads
  }

  private static func nobodyWaits(_ reason: WaitReason) -> Bool {
    sum(.parked, reason) == sum(.readied, reason)
  }

  private static func sum(_ field: LaneField, _ reason: WaitReason = .none) -> UInt64 {
    let element = Int(reason.rawValue)
    var total: UInt64 = 0
    for p in 0..<sched.psMade { total &+= sched.region.lane(p: p).counters[field, element].acquired }
    for m in 0..<Int(sched.shared[.mCount].acquired) {
      total &+= sched.region.lane(m: m).counters[field, element].acquired
    }
    return total
  }
}
