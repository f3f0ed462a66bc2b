// Every goroutine in words: for SIGQUIT, and for a deadlock. Written by sysmon, without allocation, because what is
// asked about may hold malloc's lock.
//
// `kill -QUIT` prints the list on stderr and lets the process go on, unlike Go, which ends it: a service can be asked
// without being killed. With MPG_SIGQUIT=exit in the environment it ends as Go's does, with exit code 2.
import CMPG
import Glibc
import Region
import Synchronization

enum AllGoroutines {
  private static let wanted = Atomic<Bool>(false)
  nonisolated(unsafe) private static var ends = false

  /// At boot.
  static func install() {
    if let choice = unsafe getenv("MPG_SIGQUIT") { unsafe ends = String(cString: choice) == "exit" }
    let error = mpg_quit_install {
      AllGoroutines.wanted.store(true, ordering: .sequentiallyConsistent)
      Sysmon.wake()
    }
    if error != 0 { fatal("sigaction of SIGQUIT: \(errnoName(error))") }
  }

  /// Called by sysmon at every look.
  static func printIfWanted() {
    guard wanted.exchange(false, ordering: .acquiringAndReleasing) else { return }
    PlainText.line { $0.add("mpg: SIGQUIT: all goroutines") }
    printAll()
    if unsafe ends {
      unsafe runtimeRegion?.markEnd(.crashed, status: UInt64(SIGQUIT))
      _exit(2)
    }
  }

  /// One line for each live G: id, state, since when, where it was spawned.
  static func printAll() {
    let now = Clock.now
    for slot in 0..<UInt32(truncatingIfNeeded: sched.shared[.gSlots].acquired) {
      let g = G(slot: slot)
      let status = GStatus(word: g.shared[.status].acquired)
      guard let state = status.state, state != .idle, state != .dead else { continue }
      PlainText.line { text in
        text.add("  goroutine ")
        text.add(g.id)
        text.add(" [")
        text.add(state == .waiting ? words(status.reason ?? .none) : words(state))
        text.add(", ")
        text.add(ticks: now &- g.shared[.since].relaxed)
        text.add("] ")
        text.add(entryOf: g)
      }
    }
  }

  private static func words(_ state: GState) -> StaticString {
    switch state {
    case .idle: "idle"
    case .runnable: "runnable"
    case .running: "running"
    case .syscall: "system call"
    case .waiting: "waiting"
    case .preempted: "preempted"
    case .dead: "dead"
    }
  }

  private static func words(_ reason: WaitReason) -> StaticString {
    switch reason {
    case .none: "waiting"
    case .netpollRead: "netpoll, to read"
    case .netpollWrite: "netpoll, to write"
    case .chanSend: "channel send"
    case .chanReceive: "channel receive"
    case .sleep: "sleep"
    case .waitGroup: "wait group"
    case .mutex: "mutex"
    case .select: "select"
    case .condition: "condition"
    case .semaphore: "semaphore"
    case .signal: "signal"
    case .await: "async function"
    }
  }
}
