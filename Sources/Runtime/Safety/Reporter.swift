// The reporter: the thread that says in words what all goroutines do, for SIGQUIT and for a deadlock.
//
// §1 The problem. Stderr may be a full pipe that nobody reads, or a terminal that was stopped: who writes there waits, for
// ever perhaps. Were that sysmon, nothing would be preempted meanwhile and no P retaken; were it the gc thread, no spare
// M started. And what is asked about may hold any lock for ever, malloc's for one.
//
// §2 The design. A thread made at the boot, which does this and nothing else. It is no M: it holds no P, counts nothing
// and tells no events. It takes no lock and allocates nothing, and it reads what readers in other processes read. It is
// asked by a bit in a word, which it sleeps on: from a signal handler, or by sysmon, who never wait for it.
//
// §3 Time limits. A write waits for `patience` at most, a report for `limit` in all; then the rest is left out. Where the
// process is to end after the report it ends then; and if this thread cannot even come to that, sysmon ends it
// (`Deadlock.check`).
//
// §4 Rejected: a thread made when it is wanted (that allocates). Writing from sysmon as long as there is room: a file on
// a network has none to tell of, and may wait all the same.
import CMPG
import Glibc
import Region
import Synchronization

enum Reporter {
  enum Wish: UInt32 {
    case quit = 1
    case deadlock = 2
  }

  /// Nanoseconds for a single line, when nobody reads.
  static let patience: Int64 = 2_000_000_000
  /// Nanoseconds for a whole report, when somebody reads slowly.
  static let limit: UInt64 = 20_000_000_000

  /// Its wishes, and the futex that it sleeps on. Made at boot, never freed.
  nonisolated(unsafe) private static var wishes: UnsafeMutablePointer<Atomic<UInt32>>?
  /// With MPG_SIGQUIT=exit: whether the process ends after the report.
  nonisolated(unsafe) private static var endsAfterQuit = false

  /// How many threads it is: they are none of those that may make a G runnable (`Outside.hasThreads`).
  static let threads = 1

  /// At boot, once.
  static func start() {
    let cell = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)
    unsafe cell.initialize(to: Atomic(0))
    unsafe wishes = unsafe cell
    if let choice = unsafe getenv("MPG_SIGQUIT") { unsafe endsAfterQuit = String(cString: choice) == "exit" }
    unsafe sched.startBootThread(nil, reporterThread)
    let error = mpg_quit_install { Reporter.ask(.quit) }
    if error != 0 { fatal("sigaction of SIGQUIT: \(errnoName(error))") }
  }

  /// Has it report, soon. Any thread; async-signal-safe.
  static func ask(_ wish: Wish) {
    guard let wishes = unsafe wishes else { return }
    unsafe wishes.pointee.bitwiseOr(wish.rawValue, ordering: .acquiringAndReleasing)
    unsafe mpg_futex_wake(wishes, 1)
  }

  /// The life of the thread.
  fileprivate static func run() -> Never {
    mpg_block_signals()  // it shall run nobody's handler, and not die of a pipe that is gone
    unsafe mpg_thread_name("mpg-report")
    let wishes = unsafe wishes.unsafelyUnwrapped
    while true {
      let wanted = unsafe wishes.pointee.exchange(0, ordering: .acquiringAndReleasing)
      if wanted & Wish.deadlock.rawValue != 0 { reportDeadlock() }
      if wanted & Wish.quit.rawValue != 0 { reportQuit() }
      if wanted == 0 { unsafe _ = mpg_futex_wait(wishes, 0, -1) }
    }
  }

  private static func reportQuit() {
    AllGoroutines.report { $0.add("mpg: SIGQUIT: all goroutines") }
    if unsafe endsAfterQuit { end(SIGQUIT) }
  }

  private static func reportDeadlock() -> Never {
    AllGoroutines.report { $0.add("mpg: all goroutines are asleep: deadlock") }
    end(SIGABRT)
  }

  /// Ends the process as Go does, with exit code 2; the region stays behind as that of a process ended by `signal`.
  static func end(_ signal: Int32) -> Never {
    unsafe runtimeRegion?.markEnd(.crashed, status: UInt64(signal))
    _exit(2)
  }
}

private let reporterThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
  Reporter.run()
}
