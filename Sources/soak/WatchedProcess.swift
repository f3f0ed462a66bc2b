// The process that is watched: the same program as the watcher, started with other arguments.
import Glibc
import Inspector

/// Starts this program again, as another process.
func startSelf(_ arguments: [String], seed: UInt64) -> pid_t {
  var list = unsafe (["mpg-soak"] + arguments).map { unsafe strdup($0) } + [nil]
  var pid: pid_t = 0
  let error = unsafe posix_spawn(&pid, "/proc/self/exe", nil, nil, &list, environ)
  guard error == 0 else { violation("cannot start the work: errno \(error)", seed: seed) }
  return pid
}

/// Attaches to a process that has just been started. Tries for some seconds, since its region may not be there yet.
func attach(_ pid: pid_t) throws -> Inspector {
  for _ in 0..<100 {
    // Until the boot is over, the region has no Ps to check.
    if let inspector = try? Inspector.attach(to: pid), let now = try? inspector.snapshot(),
      now.boot[.main] != nil
    {
      return inspector
    }
    usleep(50_000)
  }
  return try Inspector.attach(to: pid)
}

/// The wait status of a child; nil while it runs.
func ended(_ pid: pid_t) -> Int32? {
  var status: Int32 = 0
  return unsafe waitpid(pid, &status, WNOHANG) == pid ? status : nil
}

/// The wait status of a child that ends within this time; nil: it does not end in time.
func hasEnded(_ pid: pid_t, within seconds: Int) -> Int32? {
  for _ in 0..<(seconds * 50) {
    if let status = ended(pid) { return status }
    usleep(20_000)
  }
  return nil
}

/// Makes the process print all its Gs (SIGQUIT), ends it, and reports `what` as a violation.
///
/// - Parameter keep: whether to leave the process stopped (SIGSTOP) for a debugger, instead of ending it.
func stop(_ pid: pid_t, _ what: String, keep: Bool = false, seed: UInt64) -> Never {
  kill(pid, SIGQUIT)
  sleep(1)
  kill(pid, keep ? SIGSTOP : SIGABRT)
  if keep { say("mpg-soak: process \(pid) is stopped") }
  violation(what, seed: seed)
}
