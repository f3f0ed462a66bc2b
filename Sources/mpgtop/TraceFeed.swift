// A Go trace on its way to the screen: read on a thread of its own, while what has come is shown already.
internal import Glibc
import Inspector
import Synchronization
import TUI
import TraceSource

/// Reads a trace. The thread that reads hands over copies of the history as it grows. Thread-safe.
final class TraceFeed: Sendable {
  private struct State {
    /// The newest copy; nil: nothing has come that can be looked at.
    var history: Handed<History>?
    /// Whether that copy is the first that has all of the first generation, and nobody was told yet.
    var isRenewed = false
    /// The course of that copy.
    var course: [CoursePoint] = []
    var share: Double?
    var events: UInt64 = 0
    var isOver = false
    var isStopped = false
    var warnings: [String] = []
    var failure: InspectorError?
  }

  private let trace: Handed<TraceHistory>
  private let name: String
  private let state = Mutex(State())
  /// The shortest time between two copies, in nanoseconds.
  private static let pause: UInt64 = 50_000_000

  /// Opens a trace, and reads nothing of it yet.
  init(_ path: String, isStrict: Bool) throws(Failure) {
    name = path
    trace = Handed(
      try failing { () throws(InspectorError) in try TraceHistory(path: path, isStrict: isStrict) })
  }

  /// Reads the whole trace at once, on the caller's thread, and returns its history.
  func whole() throws(Failure) -> History {
    try failing { () throws(InspectorError) in try trace.value.readAll() }
    warn(trace.value.warnings)
    return trace.value.history
  }

  private func warn(_ warnings: [String]) {
    if !warnings.isEmpty { complain("\(name) is damaged: \(warnings.joined(separator: "; "))") }
  }

  // MARK: for a screen

  /// Begins to read on a new thread. If no thread can be started, reads the whole trace before it returns.
  func begin(_ waker: Waker) {
    let body: @Sendable () -> Void = { [self] in read(waker) }
    if !OwnThread.begin(body) { body() }
  }

  private func read(_ waker: Waker) {
    let trace = trace.value
    var next: UInt64 = 0
    var (isMore, hadGeneration) = (true, false)
    while isMore, !state.withLock({ $0.isStopped }) {
      do throws(InspectorError) {
        isMore = try trace.read()
      } catch {
        state.withLock { $0.failure = error }
        isMore = false
      }
      guard !isMore || monotonicNow() >= next else { continue }
      next = monotonicNow() + Self.pause
      let (copy, hasGeneration) = (trace.copy().map(Handed.init), !trace.history.isEmpty)
      let course = trace.history.course.points(Past.coursePoints)
      let isFirst = state.withLock { state in
        defer { if let copy { (state.history, state.course) = (copy, course) } }
        if hasGeneration, !hadGeneration { state.isRenewed = state.history != nil }
        (state.share, state.events, state.isOver) = (trace.share, trace.events, !isMore)
        state.warnings = trace.warnings
        return state.history == nil && copy != nil
      }
      if isFirst || hasGeneration != hadGeneration || !isMore { waker.wake() }
      hadGeneration = hasGeneration
    }
  }

  /// Whether enough of the trace was read to show something.
  var isReady: Bool { state.withLock { $0.history != nil } }

  /// Whether what was shown so far is to be made anew, because more is known of it. Says so once.
  func takeRenewal() -> Bool {
    state.withLock { state in
      defer { state.isRenewed = false }
      return state.isRenewed
    }
  }

  /// Waits a moment for something to look at: a small file has it at once.
  ///
  /// - Throws: when all was read and there is nothing.
  func waitShortly() throws(Failure) {
    for _ in 0..<60 where !state.withLock({ $0.isOver || $0.history != nil }) { usleep(5000) }
    guard state.withLock({ $0.isOver && $0.history == nil }) else { return }
    try end()
    throw Failure(.badTrace(path: name, reason: "it has no events to show"))
  }

  /// Returns a copy of the history that was read so far, for use on one thread.
  func history() -> History {
    state.withLock { $0.history?.value.copy() ?? History() }
  }

  /// Returns the frame, with the extent of the trace read so far and a word on how far the reading is.
  func completed(_ frame: Frame) -> Frame {
    var frame = frame
    state.withLock { state in
      if let reach = state.history?.value.reach, var past = frame.past {
        (past.first, past.last, past.course) = (reach.first, max(reach.last, past.time), state.course)
        frame.past = past
      }
      if !state.isOver {
        let share = state.share.map { Quantity.percent($0) } ?? "\(Quantity.compact(state.events)) events"
        frame.reading = "reading: \(share)"
      } else if state.failure != nil || !state.warnings.isEmpty {
        frame.reading = "damaged"
      }
    }
    return frame
  }

  /// Stops reading, and says what was damaged.
  func end() throws(Failure) {
    let (failure, warnings) = state.withLock { state in
      state.isStopped = true
      return (state.failure, state.warnings)
    }
    if let failure { throw Failure(failure) }
    warn(warnings)
  }
}

extension PastSource {
  /// A trace of which nothing was read yet.
  init(trace path: String, isStrict: Bool) throws(Failure) {
    self.init(history: History(), origin: .recording, beginsAtStart: true)
    trace = try TraceFeed(path, isStrict: isStrict)
  }

  /// Returns this source with the whole trace read into its history.
  func read() throws(Failure) -> PastSource {
    var whole = self
    if let trace { (whole.history, whole.trace) = (try trace.whole(), nil) }
    return whole
  }
}

extension WhyOptions {
  /// The path of the Go trace that the command line names; nil: it names something else.
  var trace: String? {
    if let replay { return TraceHistory.isTrace(path: replay) ? replay : nil }
    guard let target, target != "-", !target.allSatisfy(\.isNumber), TraceHistory.isTrace(path: target) else {
      return nil
    }
    return target
  }
}
