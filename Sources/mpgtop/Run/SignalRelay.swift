// Signals that reach mpgtop while it prints frames of a child: they are for the program.
internal import Glibc
import Inspector

/// Hands SIGINT, SIGTERM and SIGHUP on to a child. When the child has ended of them, so does mpgtop, by itself.
enum SignalRelay {
  /// So many signals are handed on. Whoever sends one more wants an end.
  private static let most = 2

  /// Hands on each signal that comes from now on. They must be blocked (StopSignals).
  static func begin(_ child: ChildProgram) {
    _ = OwnThread.begin {
      var (set, count) = (StopSignals.set, 0)
      while true {
        var signal: Int32 = 0
        guard unsafe sigwait(&set, &signal) == 0 else { return }
        // mpgtop may wait for whoever reads its frames.
        if child.exitCode != nil { exit(ExitCode.signal(signal)) }
        count += 1
        child.send(count <= most ? signal : SIGKILL)
      }
    }
  }
}
