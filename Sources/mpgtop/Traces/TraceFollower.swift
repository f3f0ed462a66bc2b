// A running Go program, traced again and again by its net/http/pprof: `mpgtop http://host:6060`.
//
// Two threads take turns, so that as little as possible of the program's time is missed: one asks for traces, the next as soon
// as one has come, and the other one reads what came into the history. Where reading is slower than the program, the next trace
// is asked for later: that is a longer gap, and no growing memory. After a trace that does not come, or cannot be read, the next
// one is asked for after 1, 2, 4 and then every 5 seconds; what is missed then is a gap as well. No server is asked more often
// than a trace is long, whatever it answers.
internal import Glibc
import Inspector
import Synchronization
import TUI
import TraceSource

/// Follows one program. Thread-safe.
final class TraceFollower: Sendable {
  private struct State {
    let chain: Handed<TraceChain>
    /// Traces that have come and were not read yet.
    var waiting: [TraceAnswer] = []
    /// How many traces are in the history as a whole.
    var whole = 0
    var trouble: (words: String, since: UInt64)?
    /// How many traces in a row did not come, were cut, or could not be read.
    var failures = 0
    var isStopped = false
  }

  let address: TraceAddress
  private let state: Mutex<State>

  /// No more traces than this wait to be read.
  private static let mostWaiting = 1
  /// The times between two attempts, in nanoseconds.
  private static let pauses: [UInt64] = [1_000_000_000, 2_000_000_000, 4_000_000_000, 5_000_000_000]

  /// nil: the word means no address.
  ///
  /// - Parameter refused: an option that goes with a process only, and what to do instead; nil: there is none.
  convenience init?(
    _ word: String?, _ limits: HistoryLimits, refused: (option: String, cure: String)?
  ) throws(Failure) {
    guard let word, TraceAddress.isMeant(by: word) else { return nil }
    if let refused {
      throw Failure(
        ExitCode.usage, "\(refused.option) goes with a process, not with an address; \(refused.cure)")
    }
    do throws(TraceTrouble) {
      self.init(try TraceAddress(word), limits)
    } catch {
      throw Failure(error)
    }
  }

  init(_ address: TraceAddress, _ limits: HistoryLimits) {
    self.address = address
    state = Mutex(State(chain: Handed(TraceChain(name: address.server, limits: limits))))
  }

  /// What the program is called.
  var name: String { address.server }

  /// What a person who waits for the first trace is told: it lasts as long as a trace is.
  var waiting: String {
    "mpgtop: taking the first trace of \(TimeText.short(UInt64(address.seconds * 1e9))) from \(name)"
  }

  /// Asks for one trace and reads it, on the caller's thread.
  func one() throws(Failure) {
    let answer = try first { false }
    try failing { () throws(InspectorError) in try read(answer) }
    if let cut = answer.cut { complain(cut.words) }
  }

  private func first(_ isStopped: @escaping () -> Bool) throws(Failure) -> TraceAnswer {
    do throws(TraceTrouble) {
      var request = TraceRequest(address, isStopped: isStopped)
      return try request.answer()
    } catch {
      throw Failure(error)
    }
  }

  // MARK: two threads

  /// Asks for the first trace, and goes on in threads of its own, until `end`.
  ///
  /// - Parameters:
  ///   - waker: woken when there is something new; nil: nobody is.
  ///   - isStopped: asked from time to time; if it returns true, the first trace is not waited for any longer.
  /// - Throws: when the first trace does not come, or cannot be read.
  func start(_ waker: Waker? = nil, isStopped: @escaping () -> Bool = { false }) throws(Failure) {
    let answer = try first(isStopped)
    if let cut = answer.cut { note(cut.words) }
    let asking: @Sendable () -> Void = { [self] in ask(waker) }
    let isAsking = OwnThread.begin(asking)
    do throws(InspectorError) {
      try read(answer)
    } catch {
      end()
      throw Failure(error)
    }
    let reading: @Sendable () -> Void = { [self] in readAll(waker) }
    guard isAsking, OwnThread.begin(reading) else {
      end()
      throw Failure(ExitCode.system, "cannot follow \(address.server): no thread can be started")
    }
  }

  /// Lets the threads end.
  func end() { state.withLock { $0.isStopped = true } }

  private var isStopped: Bool { state.withLock { $0.isStopped } }

  private func ask(_ waker: Waker?) {
    while !isStopped {
      guard state.withLock({ $0.waiting.count < Self.mostWaiting }) else {
        usleep(2000)
        continue
      }
      let failures = state.withLock { $0.failures }
      if failures > 0 { rest(Self.pauses[min(failures, Self.pauses.count) - 1]) }
      let next = monotonicNow() + UInt64(address.seconds * 1e9)
      do throws(TraceTrouble) {
        var request = TraceRequest(address) { [self] in isStopped }
        let answer = try request.answer()
        state.withLock { $0.waiting.append(answer) }
        if let cut = answer.cut { throw cut }
      } catch {
        note(error.words)
        waker?.wake()
      }
      rest(next - min(next, monotonicNow()))
    }
  }

  private func rest(_ pause: UInt64) {
    let end = monotonicNow() + pause
    while monotonicNow() < end, !isStopped { usleep(20_000) }
  }

  private func note(_ words: String) {
    state.withLock { state in
      state.trouble = (words, state.trouble?.since ?? monotonicNow())
      state.failures += 1
    }
  }

  private func readAll(_ waker: Waker?) {
    while !isStopped {
      let next = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
      guard let next else {
        usleep(2000)
        continue
      }
      do throws(InspectorError) {
        try read(next)
        if next.cut == nil { state.withLock { ($0.trouble, $0.failures) = (nil, 0) } }
      } catch {
        note(error.description)
      }
      waker?.wake()
    }
  }

  /// Reads a trace into the history, a part at a time, so that others can look at it meanwhile.
  private func read(_ answer: TraceAnswer) throws(InspectorError) {
    var failure: InspectorError?
    var isMore = true
    state.withLock { state in
      do throws(InspectorError) {
        try state.chain.value.begin(answer.bytes, came: answer.came)
      } catch {
        failure = error
      }
    }
    while isMore, failure == nil, !isStopped {
      state.withLock { state in
        do throws(InspectorError) { isMore = try state.chain.value.read() } catch { failure = error }
      }
    }
    state.withLock { $0.whole += 1 }
    if let failure { throw failure }
  }

  // MARK: what is known

  /// A copy of what has come, for one thread.
  func copy() -> History { state.withLock { Handed($0.chain.value.history.copy()) }.value }

  /// Uses the history itself, while nothing comes.
  func withHistory<Value: Sendable, Problem: Error>(
    _ body: (History, Snapshot.Target) throws(Problem) -> Value
  ) throws(Problem) -> Value {
    let result = state.withLock { state -> Result<Value, Problem> in
      let chain = state.chain.value
      do throws(Problem) { return .success(try body(chain.history, chain.identity)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// How many traces have come as a whole, or as far as they came.
  var traces: Int { state.withLock { $0.whole } }

  /// The newest moment that is known, in nanoseconds of the program's clock.
  var newest: UInt64 { state.withLock { $0.chain.value.history.reach?.last ?? 0 } }

  /// Why no trace comes at present, in one line; nil: they come.
  var trouble: String? {
    state.withLock { state in
      state.trouble.map { "\($0.words) (since \(TimeText.short(monotonicNow() - $0.since)))" }
    }
  }

  /// Whether something of the last trace is missing.
  var isDamaged: Bool { state.withLock { !$0.chain.value.warnings.isEmpty } }
}

extension Failure {
  init(_ trouble: TraceTrouble) {
    let code =
      switch trouble.kind {
      case .usage: ExitCode.usage
      case .noServer: ExitCode.noSuchProcess
      case .refused: ExitCode.notATarget
      case .notUnderstood: ExitCode.layout
      case .lost: ExitCode.gone
      }
    self.init(code, trouble.words)
  }
}
