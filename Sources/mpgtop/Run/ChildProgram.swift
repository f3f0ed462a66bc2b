// A program as a child of mpgtop, which `mpgtop run` watches.
internal import Glibc
import Inspector
import Synchronization

/// A started program. It has a process group of its own, so that the terminal's signals do not reach it; what it prints goes
/// to a file. May be used from any thread.
final class ChildProgram: Sendable {
  let pid: pid_t
  /// The status with which the program ended, as waitpid(2) gives it; nil: it lives.
  private let status = Mutex<Int32?>(nil)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - words: the program, which is looked for in PATH as shells do, and its arguments.
  ///   - output: the descriptor that gets what it prints.
  /// - Throws: a failure with a shell's codes: 127 if there is no such program, 126 if it cannot be executed.
  init(_ words: [String], output: Int32) throws(Failure) {
    pid = try Self.start(words, output: output)
  }

  /// Begins to wait for the end, on a thread of its own.
  ///
  /// - Throws: a failure if there can be no such thread; the program was killed then.
  func watch() throws(Failure) {
    let isWatched = OwnThread.begin { [self] in
      var found: Int32 = 0
      while unsafe waitpid(pid, &found, 0) < 0 { if errno != EINTR { return } }
      status.withLock { $0 = found }
    }
    guard isWatched else {
      kill(-pid, SIGKILL)
      throw Failure(ExitCode.system, "no thread can be started that waits for the program's end")
    }
  }

  private static func start(_ words: [String], output: Int32) throws(Failure) -> pid_t {
    do throws(SpawnProblem) {
      return try unsafe spawn(words, ignoring: SignalRelay.signals.filter(SignalRelay.isIgnored)) { files in
        // If mpgtop's standard input is a pipe or a file, the program inherits it. If it is a terminal, mpgtop keeps it, and
        // the program gets /dev/null: the kernel stops a program of another process group that reads from the terminal.
        if isatty(STDIN_FILENO) == 1 {
          unsafe posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO)
      }
    } catch {
      let code = error.errno == ENOENT ? ExitCode.noProgram : ExitCode.cannotExecute
      throw Failure(code, "cannot start \(words[0]): \(errnoText(error.errno))")
    }
  }

  /// How the program ended; nil: it lives.
  var ending: TargetEnding? {
    guard let status = status.withLock({ $0 }) else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? .exited(code: status >> 8 & 0xFF) : .crashed(signal: signal)
  }

  /// The exit code that shells use for the program's end; nil: it lives.
  var exitCode: Int32? {
    guard let status = status.withLock({ $0 }) else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : ExitCode.signal(signal)
  }

  /// Waits until the program has ended, at most this long. Returns whether it has ended.
  @discardableResult
  func wait(_ nanoseconds: UInt64) -> Bool {
    let end = monotonicNow() + nanoseconds
    while exitCode == nil {
      if monotonicNow() >= end { return false }
      usleep(5000)
    }
    return true
  }

  /// Sends a signal to the program and to what it has started.
  func send(_ signal: Int32) {
    if exitCode == nil { kill(-pid, signal) }
  }

  /// Ends the program: sends SIGTERM and, if it still lives after five seconds, SIGKILL.
  func end() {
    send(SIGTERM)
    send(SIGCONT)  // a stopped program takes no SIGTERM until it goes on
    if wait(5_000_000_000) { return }
    send(SIGKILL)
    wait(1_000_000_000)
  }
}
