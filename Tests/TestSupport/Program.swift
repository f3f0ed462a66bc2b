// A process that a test has started: what it prints, how it ends, and that it does end.
import Foundation
import Synchronization

/// What to start, and how.
package struct Command: Sendable {
  /// A path, or a name to look up in PATH; then the arguments.
  package var words: [String]
  /// Environment variables to set besides those of this process; nil unsets a variable.
  package var environment: [String: String?] = [:]
  /// The file for standard output; nil: the file that `Program.output` reads.
  package var standardOutput: String?

  package init(_ words: String..., environment: [String: String?] = [:], standardOutput: String? = nil) {
    (self.words, self.environment, self.standardOutput) = (words, environment, standardOutput)
  }

  package init(words: [String], environment: [String: String?] = [:]) {
    (self.words, self.environment) = (words, environment)
  }

  fileprivate var variables: [String] {
    let mine = ProcessInfo.processInfo.environment.mapValues(Optional.some)
    return mine.merging(environment) { _, new in new }.compactMap { name, value in
      value.map { "\(name)=\($0)" }
    }
  }
}

/// A program that runs until it ends, until this object is gone, or until the test process ends, however that
/// happens.
///
/// Safe to use from any thread.
package final class Program: Sendable {
  package enum Ending: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)
  }

  package let pid: Int32
  private let command: Command
  private let folder: TemporaryFolder
  private let ended = Mutex<Ending?>(nil)

  package init(_ command: Command) throws {
    self.command = command
    folder = try TemporaryFolder()
    let outputs = (out: command.standardOutput ?? "\(folder.path)/out", err: "\(folder.path)/err")
    // The kernel kills the program when the thread that started it ends. So one thread, the launcher, starts
    // them all.
    let words = ["setpriv", "--pdeathsig", "KILL", "--"] + command.words
    pid = try Launcher.shared.perform { try spawn(words, command.variables, outputs) }.get()
  }

  deinit {
    signal(SIGKILL)
    _ = try? wait()
  }

  /// What the program has written so far to standard output (`output`) and standard error (`errors`).
  package var output: String { contents(of: "\(folder.path)/out") }
  package var errors: String { contents(of: "\(folder.path)/err") }

  /// How the program ended; nil: it is still running.
  package var ending: Ending? {
    ended.withLock { ended in
      if ended != nil { return ended }
      var status: Int32 = 0
      guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
      ended = status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
      return ended
    }
  }

  package func signal(_ number: Int32) {
    // Under the lock, because the pid may belong to another process after `wait`.
    ended.withLock { ended in if ended == nil { kill(pid, number) } }
  }

  /// Waits for the program's end.
  @discardableResult
  package func wait(within seconds: Double = patience) throws -> Ending {
    try eventually("end of \(command.words)", within: seconds) { ending }
  }

  /// Runs a program to its end.
  package static func run(_ command: Command, within seconds: Double = patience) throws -> Finished {
    let program = try Program(command)
    let ending = try program.wait(within: seconds)
    return Finished(ending: ending, output: program.output, errors: program.errors)
  }
}

/// A program that has ended.
package struct Finished {
  package let ending: Program.Ending
  package let output: String
  package let errors: String
}

/// A thread that lives as long as the process and starts all programs.
private final class Launcher: Sendable {
  static let shared = Launcher()
  private let jobs = Mutex<[@Sendable () -> Void]>([])
  private let some = DispatchSemaphore(value: 0)

  private init() {
    Thread.detachNewThread { [self] in
      while true {
        some.wait()
        jobs.withLock { $0.removeFirst() }()
      }
    }
  }

  func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Result<Value, any Error> {
    let outcome = Outcome<Value>()
    jobs.withLock { jobs in
      jobs.append { outcome.set(Result { try body() }) }
    }
    some.signal()
    return outcome.wait()
  }

  private final class Outcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    func set(_ value: Result<Value, any Error>) {
      result.withLock { $0 = value }
      done.signal()
    }

    func wait() -> Result<Value, any Error> {
      done.wait()
      return result.withLock { $0! }
    }
  }
}

/// Starts a program with empty input, only the three standard descriptors, and no signal blocked or ignored.
private func spawn(
  _ words: [String], _ variables: [String], _ outputs: (out: String, err: String)
) throws -> Int32 {
  var actions = unsafe posix_spawn_file_actions_t()
  var attributes = posix_spawnattr_t()
  unsafe posix_spawn_file_actions_init(&actions)
  unsafe posix_spawnattr_init(&attributes)
  defer {
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
  }
  unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  unsafe posix_spawn_file_actions_addopen(&actions, 1, outputs.out, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  unsafe posix_spawn_file_actions_addopen(&actions, 2, outputs.err, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  for fd in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
    guard let fd = Int32(fd), fd > 2 else { continue }
    unsafe posix_spawn_file_actions_addclose(&actions, fd)
  }
  var (none, all) = (sigset_t(), sigset_t())
  unsafe sigemptyset(&none)
  unsafe sigfillset(&all)
  unsafe posix_spawnattr_setsigmask(&attributes, &none)
  unsafe posix_spawnattr_setsigdefault(&attributes, &all)
  unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  var pid: Int32 = 0
  let error = unsafe withStrings(words) { words in
    unsafe withStrings(variables) { unsafe posix_spawnp(&pid, words[0]!, &actions, &attributes, words, $0) }
  }
  guard error == 0 else { throw Broken("cannot start \(words): errno \(error)") }
  return pid
}

/// Calls `body` with the strings as C expects them: an array of pointers with a null at its end.
private func withStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
  return unsafe body(&pointers)
}
