// A load generator as a child of mpgtop.
internal import Glibc
import Inspector

/// A run of mpg-load. It has no terminal: it reads nothing, its report goes nowhere, and mpgtop reads its errors.
/// However mpgtop ends, the kernel then ends the run. Not thread-safe. Must be started from the main thread, because
/// the kernel ends the run when the thread that started it ends.
final class LoadProcess {
  private let pid: pid_t
  /// The end of a pipe from which the complaints are read.
  private let complaints: Int32
  /// Whether the run was asked to end.
  private var isEnding = false

  /// Starts the program at `path` with these arguments.
  init(_ path: String, _ arguments: [String]) throws(Failure) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      throw Failure(ExitCode.system, "cannot start mpg-load: no descriptors are left")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    defer { close(ends[1]) }
    // Like the flood of `make demo`, a run has a low priority, so that it leaves the CPU to the server and to the viewer.
    let words =
      [
        "setpriv", "--pdeathsig", "TERM", "--", "nice", "-n", "5", "sh", "-c", Self.unlessOrphan,
        "\(getpid())",
      ]
      + [path] + arguments
    do throws(Failure) {
      pid = try Self.start(words, errors: ends[1])
    } catch {
      close(ends[0])
      throw error
    }
    complaints = ends[0]
  }

  deinit { close(complaints) }

  /// mpgtop may end before setpriv has asked the kernel to end the child with it. So the child checks who its parent is.
  private static let unlessOrphan = "[ \"$PPID\" -eq \"$0\" ] || exit 143; exec \"$@\""

  private static func start(_ words: [String], errors: Int32) throws(Failure) -> pid_t {
    do throws(SpawnProblem) {
      return try unsafe spawn(words) { files in
        unsafe posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO)
      }
    } catch {
      let reason = error.errno == ENOENT ? "\(words[0]) (of util-linux) is missing" : errnoText(error.errno)
      throw Failure(ExitCode.system, "cannot start mpg-load: \(reason)")
    }
  }

  /// Asks the run to end.
  func end() {
    isEnding = true
    kill(pid, SIGINT)
  }

  /// Kills the run, and waits until it has ended.
  func endAtOnce() {
    isEnding = true
    kill(pid, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }

  /// Whether the run has ended. After an answer of `true` this property must not be read again, since the process is
  /// reaped.
  var hasEnded: Bool {
    var status: Int32 = 0
    return unsafe waitpid(pid, &status, WNOHANG) != 0
  }

  /// The run's complaint, in one line; nil: it has none, or was asked to end.
  var complaint: String? {
    guard !isEnding else { return nil }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(complaints, $0.baseAddress, $0.count) }
    let line = bytes.prefix(max(0, count)).split(separator: UInt8(ascii: "\n")).first
    return line.map { String(decoding: $0, as: UTF8.self) }
  }
}
