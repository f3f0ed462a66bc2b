// Other programs, started all the time: the runtime's threads, region and signals must come to no harm by it, and the
// child must not by them.
import CSoak
import Glibc
import MPG

let starting = Activity(name: "programs started", workers: 2, run: startPrograms)

/// A way to start another process that ends at once, with 0 or 1.
private enum Way: CaseIterable {
  case posixSpawn, forkAndExec
  /// No program: the child is a copy of this process that ends in order, which is no business of the parent's region.
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

/// Starts one, and waits until it has ended as it should.
@Sendable private func startPrograms(_ chance: inout Chance, _ bench: Bench) {
  let expected = Int32(chance.number(in: 0...1))
  let way = Way.allCases[chance.number(in: 0...Way.allCases.count - 1)]
  let pid = blocking { way.start(status: expected) }
  // A machine may be out of processes for a moment.
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
