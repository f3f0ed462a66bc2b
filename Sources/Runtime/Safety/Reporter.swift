// The reporter: the thread that writes what all goroutines do, for SIGQUIT and for a deadlock.
//
// §1 The problem. Stderr may be a full pipe that nobody reads, or a terminal that was stopped. A thread that writes
// there waits, perhaps for ever. If that were sysmon, nothing would be preempted meanwhile and no P retaken; if it were
// the gc thread, no spare M would be started. And the goroutines in question may hold any lock for ever, malloc's for
// one.
//
// §2 The design. A thread that is made at boot and does nothing else. It is no M: it holds no P, counts nothing and
// writes no events. It takes no lock and allocates nothing, and it reads only what readers in other processes read too.
// It sleeps on a futex word. A signal handler, or sysmon, asks for a report by setting a bit in that word, and does not
// wait for the report.
//
// §3 Time limits. A write waits for `patience` at most, a report for `limit` in all; then the rest is left out. If the
// process is to end after the report, it ends then. If this thread fails to end the process in time, sysmon ends it
// (`Deadlock.check`).
//
// §4 Rejected: starting a thread when one is wanted, because that allocates. Writing from sysmon as long as there is
// room, because a file on a network does not tell whether it has room, and a write may block all the same.
import CMPG
import Glibc
import Region
import Synchronization

enum Reporter {
  enum Wish: UInt32 {
    case quit = 1
    case deadlock = 2
  }

  /// How long one line waits for room on stderr when nobody reads, in nanoseconds.
  static let patience: Int64 = 2_000_000_000
  /// How long a whole report may take when the reader of stderr is slow, in nanoseconds.
  static let limit: UInt64 = 20_000_000_000

  /// The word that says what the reporter is asked to do, one bit for each wish; its thread sleeps on the same word.
  /// Made at boot, never freed.
  nonisolated(unsafe) private static var wishes: UnsafeMutablePointer<Atomic<UInt32>>?
  /// Whether the process ends after a report for SIGQUIT: MPG_SIGQUIT=exit.
  nonisolated(unsafe) private static var endsAfterQuit = false

  /// How many threads the reporter has. They cannot make a G runnable, so `Outside.hasThreads` leaves them out.
  static let threads = 1

  /// Starts the reporter's thread. Called once, at boot.
  static func start() {
    let cell = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)
    unsafe cell.initialize(to: Atomic(0))
    unsafe wishes = unsafe cell
    if let choice = unsafe getenv("MPG_SIGQUIT") { unsafe endsAfterQuit = String(cString: choice) == "exit" }
    unsafe sched.startBootThread(nil, reporterThread)
    let error = mpg_quit_install { Reporter.ask(.quit) }
    if error != 0 { fatal("sigaction of SIGQUIT: \(errnoName(error))") }
  }

  /// Asks for a report. Any thread; async-signal-safe.
  static func ask(_ wish: Wish) {
    guard let wishes = unsafe wishes else { return }
    unsafe wishes.pointee.bitwiseOr(wish.rawValue, ordering: .acquiringAndReleasing)
    unsafe mpg_futex_wake(wishes, 1)
  }

  /// The loop of the reporter's thread.
  fileprivate static func run() -> Never {
    mpg_block_signals()  // the reporter must run no handler, and must not die by SIGPIPE
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

  /// Ends the process with exit code 2, as Go does. The region stays behind as that of a process that `signal` ended.
  static func end(_ signal: Int32) -> Never {
    unsafe runtimeRegion?.markEnd(.crashed, status: UInt64(signal))
    _exit(2)
  }
}

private let reporterThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
  Reporter.run()
}
