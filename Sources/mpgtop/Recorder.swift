// `mpgtop record`: records events to a file, or keeps the last ones in memory until they are needed.
internal import Glibc
import Inspector

struct Recorder {
  let options: RecordOptions

  /// Records until the time is over, the target ends, a signal comes, or the condition holds.
  func run(_ source: any SchedulerSource) throws(Failure) {
    let stop = StopSignals()
    var sampler = Sampler(from: source, history: options.limits)
    guard let history = sampler.history else { return }
    let writer = try failing { () throws(InspectorError) in
      let writer = try RecordingWriter(
        path: options.output, replaces: options.force ? .anything : .recording, inputs: source.inputs)
      try writer.begin(source.identity, history)
      return writer
    }
    if options.last == nil { history.record(to: writer) }
    var (reason, failure): (String, Failure?) = ("", nil)
    do throws(Failure) {
      reason = try watch(&sampler, until: stop)
      try failing { () throws(InspectorError) in try sampler.finish() }
    } catch {
      failure = error
    }
    // Even after an error, finish the file: the events before an error are the most wanted ones.
    let problem = end(writer, history, at: source.now, ended: sampler.ending?.description)
    if let failure = failure ?? problem.map({ Failure($0) }) {
      throw Failure(failure.code, failure.message + Self.outcome(writer))
    }
    say("mpgtop: \(Self.account(of: writer)): \(reason)")
    if let command = options.run, reason == Self.condition(options.when) { try start(command) }
  }

  /// Records the traces of a running Go program until the time is over, or a signal comes.
  func run(_ follower: TraceFollower) throws(Failure) {
    guard options.when == nil else {
      throw Failure(
        ExitCode.usage,
        "--when looks at gauges as they are now, and a trace comes later; take --for, or --last")
    }
    let end = options.duration.map { monotonicNow() + $0.nanoseconds }
    let stop = StopSignals()
    // Before the server is asked: a file that cannot be written is told at once, and no trace is taken for nothing.
    let new = Handed(
      try failing { () throws(InspectorError) in
        try RecordingWriter(path: options.output, replaces: options.force ? .anything : .recording)
      })
    do throws(Failure) { try follower.start { stop.isPending } } catch {
      guard let signal = stop.signal else { throw error }
      throw Failure(ExitCode.signal(signal), "stopped before the first trace came; no file is left")
    }
    let writer = try follower.withHistory { history, target throws(Failure) in
      try failing { () throws(InspectorError) in
        try new.value.begin(target, history)
        if options.last == nil { history.record(to: new.value) }
        return new
      }
    }.value
    var (reason, trouble) = ("", TroubleReport.noTrace)
    while reason.isEmpty {
      trouble.tell(follower.trouble)
      if stop.came { reason = "stopped" }
      if let end, monotonicNow() >= end { reason = "the time is over" }
      if follower.withHistory({ history, _ in history.recordingError != nil }) { reason = "an error" }
      if reason.isEmpty { usleep(20_000) }
    }
    follower.end()
    let problem = follower.withHistory { history, _ in
      self.end(writer, history, at: history.reach?.last ?? 0, ended: nil)
    }
    if let problem { throw Failure(Failure(problem).code, problem.description + Self.outcome(writer)) }
    say("mpgtop: \(Self.account(of: writer)): \(reason)")
  }

  /// Writes the rest of the events (with `--last`: all of them) and ends the file. Returns the error if that fails.
  private func end(
    _ writer: RecordingWriter, _ history: History, at now: UInt64, ended: String?
  ) -> InspectorError? {
    do throws(InspectorError) {
      if let error = history.recordingError { throw error }
      if let last = options.last {
        try writer.write(history, since: now - min(now, last.nanoseconds))
      } else {
        try history.finishRecording()
      }
      try writer.finish(ended: ended)
      return nil
    } catch {
      _ = writer.salvage(ended: ended)
      return error
    }
  }

  private static func account(of writer: RecordingWriter) -> String {
    "\(writer.records) events, \(writer.bytes) bytes in \(writer.path)"
  }

  /// Returns a line that says what became of the file after an error.
  static func outcome(_ writer: RecordingWriter) -> String {
    if writer.isWhole { return "; what there was before, \(account(of: writer)), is kept" }
    return writer.isStream ? "" : writer.replaces ? "; \(writer.path) is as it was" : "; no file is left"
  }

  private static func condition(_ trigger: Trigger?) -> String { "\(trigger?.text ?? "") became true" }

  /// Records until there is a reason to stop, and returns that reason.
  private func watch(
    _ sampler: inout Sampler, until stop: StopSignals
  ) throws(Failure) -> String {
    let end = options.duration.map { monotonicNow() + $0.nanoseconds }
    var doubt = TroubleReport.doubt
    while true {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      doubt.tell(sampler.doubt?.description)
      if let error = sampler.history?.recordingError { throw Failure(error) }
      if let ending = sampler.ending { return "the target \(ending)" }
      if stop.came { return "stopped" }
      let now = monotonicNow()
      if let end, now >= end { return "the time is over" }
      if let trigger = options.when, let snapshot = sampler.latest,
        trigger.holds(snapshot, oldestRunnable: sampler.oldestRunnable)
      {
        return Self.condition(trigger)
      }
      usleep(UInt32(clamping: min(pause, end.map { $0 - now } ?? .max) / 1000))
    }
  }

  private func start(_ command: String) throws(Failure) {
    StopSignals.unblock()
    var pid: pid_t = 0
    var words: [UnsafeMutablePointer<CChar>?] = unsafe []
    for word in ["/bin/sh", "-c", command] { unsafe words.append(strdup(word)) }
    unsafe words.append(nil)
    defer { for index in unsafe words.indices { unsafe free(words[index]) } }
    // mpgtop ignores SIGPIPE and SIGXFSZ. The command that is started here must not inherit that.
    var (attributes, ignored) = (posix_spawnattr_t(), sigset_t())
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe sigemptyset(&ignored)
    for signal in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&ignored, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &ignored)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    guard unsafe posix_spawn(&pid, "/bin/sh", nil, &attributes, &words, environ) == 0 else {
      throw Failure(ExitCode.system, "cannot run '\(command)'")
    }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    if status != 0 { say("mpgtop: '\(command)' ended with status \(status)") }
  }
}

/// Blocks SIGINT, SIGTERM and SIGHUP, so that they stay pending until `came` asks for them.
struct StopSignals {
  static var set: sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, signal) }
    return set
  }

  init() {
    var set = Self.set
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
  }

  static func unblock() {
    var set = Self.set
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// Whether one of the signals has come.
  var came: Bool { signal != nil }

  /// Takes the signal that has come; nil: none has.
  var signal: Int32? {
    var (set, none) = (Self.set, timespec())
    let number = unsafe sigtimedwait(&set, nil, &none)
    return number > 0 ? number : nil
  }

  /// Whether a signal is there for `came` or `signal` to take.
  var isPending: Bool {
    var pending = sigset_t()
    unsafe sigpending(&pending)
    return [SIGINT, SIGTERM, SIGHUP].contains { unsafe sigismember(&pending, $0) == 1 }
  }
}
