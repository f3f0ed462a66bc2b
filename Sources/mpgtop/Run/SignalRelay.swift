// Signals that reach mpgtop while it prints frames of a child: they are for the program.
internal import Glibc
import Inspector

/// Hands SIGINT, SIGTERM, SIGHUP and SIGQUIT on to a child. They do not end mpgtop: it ends because its child has ended.
enum SignalRelay {
  static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// The number of signals that are handed on. At one more the child gets SIGKILL, since its user wants it to end.
  private static let most = 2

  /// Whether a signal is ignored, as it is if mpgtop was started by `nohup`. Then the child does not get it either.
  static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
    // 1 is SIG_IGN, which Swift cannot name.
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  private static var set: sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals where !isIgnored(signal) { unsafe sigaddset(&set, signal) }
    return set
  }

  /// Blocks the signals, so that they wait for `begin`. Call it before there are other threads.
  static func prepare() {
    var set = set
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
  }

  /// Hands on each signal that comes from now on.
  ///
  /// - Throws: a failure if there can be no thread for that; the program was killed then.
  static func begin(_ child: ChildProgram) throws(Failure) {
    let isBegun = OwnThread.begin {
      var (set, count) = (set, 0)
      while true {
        var signal: Int32 = 0
        guard unsafe sigwait(&set, &signal) == 0 else { return }
        // The child has ended, but mpgtop may hang in a write to a pipe that nobody reads. So the signal ends mpgtop.
        if child.exitCode != nil { exit(ExitCode.signal(signal)) }
        count += 1
        child.send(count <= most ? signal : SIGKILL)
      }
    }
    guard isBegun else {
      child.send(SIGKILL)
      throw Failure(ExitCode.system, "no thread can be started that hands signals on")
    }
  }
}
