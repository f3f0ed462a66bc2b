// The process in which a scene is played: mpg-lesson, with a pipe for its input.
internal import Glibc
import Inspector

/// A running scene. Its input ends when this object goes away, or when the process that has this object ends.
/// Then the scene ends, too.
///
/// Not thread-safe: use it from one thread at a time.
final class LessonProcess {
  let pid: Int32
  private let door: Int32
  private let errors: Int32
  private var isReaped = false

  /// Starts a scene.
  /// - Parameter program: the path of mpg-lesson.
  init(_ program: String, _ scene: Scene, procs: Int) throws(LessonFailure) {
    guard let input = Self.makePipe() else { throw .noProgram("pipe: \(errnoText(errno))") }
    guard let output = Self.makePipe() else {
      for fd in input { close(fd) }
      throw .noProgram("pipe: \(errnoText(errno))")
    }
    _ = fcntl(output[0], F_SETFL, O_NONBLOCK)
    let variables = [
      "MPG_PROCS=\(procs)", "MPG_CONTROL=1", "MPG_TRACE=1", "MPG_PREEMPT=\(scene.isPreemptive ? 1 : 0)",
    ]
    let outcome = Self.spawn([program, scene.name], variables, input: input[0], errors: output[1])
    close(input[0])
    close(output[1])
    (door, errors) = (input[1], output[0])
    guard let pid = outcome.pid else {
      close(door)
      close(errors)
      throw .noProgram("cannot start \(program): \(errnoText(outcome.error))")
    }
    self.pid = pid
  }

  deinit { end() }

  /// Opens the door at which the program waits, or will wait: writes a line into its input.
  func open() {
    var line: UInt8 = 10
    _ = unsafe write(door, &line, 1)
  }

  /// Whether the program has ended.
  var hasEnded: Bool {
    if isReaped { return true }
    isReaped = waitpid(pid, nil, WNOHANG) == pid
    return isReaped
  }

  /// What the program wrote to its standard error, on one line.
  var words: String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let got = unsafe read(errors, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, got)), as: UTF8.self)
      .split(separator: "\n").joined(separator: " ")
  }

  /// Ends the program by ending its input: it exits when it next waits at its door. If it has not exited after two
  /// seconds, it is killed.
  func end() {
    guard !isClosed else { return }
    isClosed = true
    close(door)
    for _ in 0..<2000 where !hasEnded { usleep(1000) }
    if !isReaped {
      kill(pid, SIGKILL)
      _ = waitpid(pid, nil, 0)
      isReaped = true
    }
    close(errors)
  }
  private var isClosed = false

  /// Makes a pipe, and returns its two ends, which no program started later inherits; nil: `errno` says why.
  private static func makePipe() -> [Int32]? {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return nil }
    for fd in ends { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// Starts a program in a process group of its own, so that Ctrl-C reaches only us, with no signal blocked or ignored.
  private static func spawn(
    _ words: [String], _ variables: [String], input: Int32, errors: Int32
  ) -> (pid: Int32?, error: Int32) {
    var (actions, attributes, signals) = unsafe (
      posix_spawn_file_actions_t(), posix_spawnattr_t(), sigset_t()
    )
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGXFSZ, SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    let names = variables.map { $0.prefix { $0 != "=" } }
    let kept = inherited.filter { line in !names.contains(line.prefix { $0 != "=" }) }
    var list = unsafe words.map { unsafe strdup($0) } + [nil]
    var environment = unsafe (kept + variables).map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe list.indices { unsafe free(list[index]) }
      for index in unsafe environment.indices { unsafe free(environment[index]) }
    }
    var pid: pid_t = 0
    let error = unsafe posix_spawn(&pid, words[0], &actions, &attributes, &list, &environment)
    return (error == 0 ? pid : nil, error)
  }

  /// The environment of this process.
  private static var inherited: [String] {
    var lines: [String] = []
    var place = unsafe environ
    while let line = unsafe place.pointee {
      unsafe lines.append(String(cString: line))
      unsafe place += 1
    }
    return lines
  }
}
