// A process that is watched: this program once more, with other arguments.
import Glibc
import Inspector

/// Starts this program once more, to work.
func startSelf(_ arguments: [String], seed: UInt64) -> pid_t {
  var list = unsafe (["mpg-soak"] + arguments).map { unsafe strdup($0) } + [nil]
  var pid: pid_t = 0
  let error = unsafe posix_spawn(&pid, "/proc/self/exe", nil, nil, &list, environ)
  guard error == 0 else { violation("cannot start the work: errno \(error)", seed: seed) }
  return pid
}

/// A process that has just been started has no region yet.
func attach(_ pid: pid_t) throws -> Inspector {
  for _ in 0..<100 {
    // Before its boot is over the region has no Ps to check.
    if let inspector = try? Inspector.attach(to: pid), let now = try? inspector.snapshot(),
      now.boot[.main] != nil
    {
      return inspector
    }
    usleep(50_000)
  }
  return try Inspector.attach(to: pid)
}

/// Its wait status; nil while it runs.
func ended(_ pid: pid_t) -> Int32? {
  var status: Int32 = 0
  return unsafe waitpid(pid, &status, WNOHANG) == pid ? status : nil
}

/// Its wait status, when it ends within so many seconds; nil: it does not.
func hasEnded(_ pid: pid_t, within seconds: Int) -> Int32? {
  for _ in 0..<(seconds * 50) {
    if let status = ended(pid) { return status }
    usleep(20_000)
  }
  return nil
}

/// Has the work say what it is doing (SIGQUIT lists all Gs), then ends it.
///
/// - Parameter keep: leaves it stopped instead, for a debugger.
func stop(_ pid: pid_t, _ what: String, keep: Bool = false, seed: UInt64) -> Never {
  kill(pid, SIGQUIT)
  sleep(1)
  kill(pid, keep ? SIGSTOP : SIGABRT)
  if keep { say("mpg-soak: process \(pid) is stopped") }
  violation(what, seed: seed)
}
