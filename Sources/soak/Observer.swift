// The observer: starts the process that works, attaches to its region, and checks until it ends.
import Glibc
import Inspector

struct Observer {
  private let options: Options
  private let seed: UInt64

  init(_ options: Options, seed: UInt64) { (self.options, self.seed) = (options, seed) }

  func run() -> Never {
    say("mpg-soak: \(options.minutes) min, --seed \(seed), \(options.procs) procs")
    let pid = start()
    let status = watch(pid)
    guard status & 0x7f == 0 else { violation("the work ended by signal \(status & 0x7f)", seed: seed) }
    exit((status >> 8) & 0xff)
  }

  /// Starts this program once more, to work.
  private func start() -> pid_t {
    let arguments = ["mpg-soak"] + options.arguments(seed: seed)
    var list = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var pid: pid_t = 0
    let error = unsafe posix_spawn(&pid, "/proc/self/exe", nil, nil, &list, environ)
    guard error == 0 else { violation("cannot start the work: errno \(error)", seed: seed) }
    return pid
  }

  /// Checks until the process has ended; its wait status.
  private func watch(_ pid: pid_t) -> Int32 {
    do {
      let inspector = try attach(pid)
      var checks = Checks(procs: 2 * options.procs, patience: options.patience)
      let scan = try RunnableScan(inspector)
      var round = 0
      while true {
        if let status = ended(pid) {
          say(checks.summary)
          return status
        }
        try inspector.drain()
        try checks.look(at: inspector.snapshot())
        if round % 10 == 0 { try checks.look(at: scan.turns()) }
        if let found = checks.violation { stop(pid, found) }
        round += 1
        usleep(20_000)
      }
    } catch {
      if let status = ended(pid), status != 0 { return status }
      stop(pid, "the region cannot be read: \(error)")
    }
  }

  /// A process that has just been started has no region yet.
  private func attach(_ pid: pid_t) throws -> Inspector {
    for _ in 0..<100 {
      if let inspector = try? Inspector.attach(to: pid) { return inspector }
      usleep(50_000)
    }
    return try Inspector.attach(to: pid)
  }

  /// Has the work say what it is doing (SIGQUIT lists all Gs), then ends it.
  private func stop(_ pid: pid_t, _ what: String) -> Never {
    kill(pid, SIGQUIT)
    sleep(1)
    kill(pid, options.keep ? SIGSTOP : SIGABRT)
    if options.keep { say("mpg-soak: process \(pid) is stopped") }
    violation(what, seed: seed)
  }

  private func ended(_ pid: pid_t) -> Int32? {
    var status: Int32 = 0
    return unsafe waitpid(pid, &status, WNOHANG) == pid ? status : nil
  }
}
