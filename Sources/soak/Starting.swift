// Starts other programs all the time. That must harm neither the runtime's threads, region and signals, nor the child.
import CSoak
import Glibc
import MPG

let starting = Activity(name: "programs started", workers: 2, run: startPrograms)

/// A way to start another process that ends at once, with 0 or 1.
private enum Way: CaseIterable {
  case posixSpawn, forkAndExec
  /// Starts no program: the child is a copy of this process, and calls `exit`, which must leave the parent's region as it is.
  case forkAndExit

  func start(status: Int32) -> pid_t {
    let path = status == 0 ? "/bin/true" : "/bin/false"
    return switch self {
    case .posixSpawn: spawnPlain(path)
    case .forkAndExec: unsafe csoak_fork_exec(path)
    case .forkAndExit: csoak_fork_exit(status)
    }
  }
}

/// Starts a child process, waits until it has ended, and checks its exit code.
@Sendable private func startPrograms(_ chance: inout Chance, _ bench: Bench) {
  let expected = Int32(chance.number(in: 0...1))
  let way = Way.allCases[chance.number(in: 0...Way.allCases.count - 1)]
  let pid = blocking { way.start(status: expected) }
  // The machine may have no room for another process for a moment.
  guard pid > 0 else { return MPG.sleep(.milliseconds(5)) }
  var status: Int32 = 0
  let waited = blocking { () -> pid_t in
    while true {
      let waited = unsafe waitpid(pid, &status, 0)
      if waited >= 0 || errno != EINTR { return waited }
    }
  }
  bench.check(
    waited == pid && status == expected << 8,
    "a child by \(way) that was to end with \(expected) ended with wait status \(status)")
}

private func spawnPlain(_ path: String) -> pid_t {
  var words = unsafe [strdup(path), nil]
  defer { unsafe free(words[0]) }
  var pid: pid_t = 0
  return unsafe posix_spawn(&pid, path, nil, nil, &words, environ) == 0 ? pid : -1
}
