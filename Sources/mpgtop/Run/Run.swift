// `mpgtop run`: a program that mpgtop starts itself, and watches from its beginning.
internal import Glibc
import GoAttach
import Inspector

/// Starts one program, watches it, and ends with it.
struct Run {
  let options: RunOptions
  let output: StandardOutput

  /// The program is given up if its scheduler cannot be looked at after this time, in nanoseconds.
  private static let patience: UInt64 = 5_000_000_000

  /// Throws a failure with the program's exit code, if the program has ended by itself and the code is not 0.
  func run() throws(Failure) {
    // What is wrong with mpgtop's own files and settings is reported before a child is started.
    let dashboard = options.frames.isBatch ? nil : try Dashboard(options: options.frames)
    let log = try RunLog(options.output)
    defer { log.removeIfEmpty() }
    // Block the signals before other threads start: a thread that does not block them would take one, and that would
    // end mpgtop.
    let stop = StopSignals()
    if dashboard == nil { SignalRelay.prepare() }
    let child = try ChildProgram(options.command, output: log.descriptor)
    try child.watch()
    if dashboard == nil { try SignalRelay.begin(child) }
    let failure = watch(child, dashboard, stop, log)
    // When a process ends, others can see that a moment before the kernel tells its parent.
    if failure?.code == ExitCode.gone { child.wait(1_000_000_000) }
    guard let ending = child.ending, let code = child.exitCode else {
      child.end()
      if let failure { throw failure }
      if !log.isEmpty { say("mpgtop: what \(name) printed is in \(log.path)") }
      return
    }
    if let failure, failure.code != ExitCode.gone { throw failure }
    let words = "\(name) \(ending)" + (log.isEmpty ? "" : "; what it printed is in \(log.path)")
    if code != 0 { throw Failure(code, words) }
    say("mpgtop: \(words)")
  }

  private var name: String { options.command[0].split(separator: "/").last.map(String.init) ?? "" }

  /// Shows the program until it or the user ends. Returns the failure that ended the watching; nil: none did.
  private func watch(
    _ child: ChildProgram, _ dashboard: Dashboard?, _ stop: StopSignals, _ log: RunLog
  ) -> Failure? {
    do throws(Failure) {
      let source = try attach(child, dashboard == nil ? nil : stop)
      guard let dashboard else {
        say("mpgtop: \(name) is process \(child.pid); what it prints goes to \(log.path)")
        try Batch(options: options.frames, output: output).run(source)
        return nil
      }
      // The signals stay blocked. The dashboard reads them from a descriptor; afterwards no signal interrupts ending
      // the child.
      try dashboard.run(source, options.history.limits)
      return nil
    } catch {
      return error
    }
  }

  /// Waits until the program's scheduler can be looked at.
  ///
  /// - Parameter stop: the signals that end the waiting; nil: signals go to the program, and its end ends the waiting.
  private func attach(_ child: ChildProgram, _ stop: StopSignals?) throws(Failure) -> any SchedulerSource {
    let end = monotonicNow() + Self.patience
    while true {
      let problem: InspectorError
      do throws(InspectorError) {
        if let source = try source(child.pid) { return source }
        problem = .notATarget(pid: child.pid, name: name)
      } catch {
        problem = error
      }
      if child.exitCode != nil { throw Failure(ExitCode.gone, "\(name) ended before it could be looked at") }
      if stop?.came == true { throw Failure(ExitCode.signal(SIGINT), "stopped before there was a scheduler") }
      if monotonicNow() >= end { throw Failure(problem) }
      usleep(5000)
    }
  }

  /// The program's scheduler; nil: it is not there yet.
  private func source(_ pid: pid_t) throws(InspectorError) -> (any SchedulerSource)? {
    guard GoProcess(pid: pid) != nil else { return try Inspector.attach(to: pid, in: .standard) }
    let source = try GoSource(pid: pid)
    // A Go program first starts the thread of sysmon. Before that, most of its scheduler is not set up yet.
    return try source.snapshot().ms.count > 1 ? source : nil
  }
}

/// The file that gets what the program prints. Its descriptor is closed when this object is released.
final class RunLog {
  let path: String
  let descriptor: Int32
  private let isOwn: Bool

  /// Opens the file. If the user named one, it is emptied. Otherwise a new file is made.
  init(_ named: String?) throws(Failure) {
    isOwn = named == nil
    // In a container a later mpgtop may have the same pid, and the file of the earlier one is still there.
    let base = "\(environment("TMPDIR") ?? "/tmp")/mpgtop-run-\(getpid())"
    var (tried, opened, name): (Int, Int32, String) = (0, -1, named ?? "\(base).log")
    repeat {
      if tried > 0 { name = "\(base)-\(tried).log" }
      let how = isOwn ? O_EXCL : O_TRUNC
      opened = unsafe open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | how, 0o600)
      tried += 1
    } while isOwn && opened < 0 && errno == EEXIST && tried < 1000
    guard opened >= 0 else { throw Failure(ExitCode.usage, "cannot write \(name): \(errnoText(errno))") }
    (path, descriptor) = (name, opened)
  }

  deinit { close(descriptor) }

  /// Whether nothing was printed.
  var isEmpty: Bool { lseek(descriptor, 0, SEEK_END) == 0 }

  /// Removes the file if it is empty and the user did not name it.
  func removeIfEmpty() {
    if isOwn, isEmpty { unsafe unlink(path) }
  }
}
