// Threads of this process's own, beside the one that reads keys and draws.
internal import Glibc
import Synchronization

/// Starts threads: ones that are detached, for whose end nobody waits, ones that share a task, and ones that make a value
/// meanwhile.
package enum OwnThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a new thread. If no thread can be started, `body` is not run, and the result is false.
  package static func begin(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = start(body) else { return false }
    pthread_detach(thread)
    return true
  }

  /// A new thread that runs `body`, to be joined or detached; nil: it cannot be started.
  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    // The new thread owns `body` and releases it.
    let owned = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    // A new thread has the signal mask of the thread that makes it. It must not take the signals that end the
    // process: the first thread may block them until it has finished a file, or answered whoever waits.
    var (ending, before) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&ending)
    for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&ending, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &ending, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let problem = unsafe pthread_create(
      &thread, nil,
      { pointer in
        unsafe Unmanaged<Body>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, owned.toOpaque())
    if problem != 0 { unsafe owned.release() }
    return problem == 0 ? thread : nil
  }

  /// Runs `body` once for each index below `count`, each on a thread of its own, and returns the results in their order when
  /// all have ended. A thread that cannot be started does not matter: the calling thread does its part.
  ///
  /// - Parameter niceness: the nice value of the threads (nice(2)). The higher it is, the more they leave CPUs to
  ///   others.
  package static func share<Value: Sendable>(
    _ count: Int, niceness: Int32, _ body: @escaping @Sendable (Int) -> Value
  ) -> [Value] {
    let results = Results<Value>(count)
    let threads = (0..<count).map { index in
      start {
        // On Linux a nice value belongs to one thread, not to the process.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        let value = body(index)
        results.values.withLock { $0[index] = value }
      }
    }
    for case let thread? in threads { pthread_join(thread, nil) }
    return results.values.withLock { values in values.enumerated().map { $1 ?? body($0) } }
  }

  private final class Results<Value: Sendable>: Sendable {
    let values: Mutex<[Value?]>
    init(_ count: Int) { values = Mutex(Array(repeating: nil, count: count)) }
  }

  /// A value that a thread of its own makes, while the thread that wants it does something else. Not thread-safe.
  ///
  /// Safe because: what `body` reads nobody changes before the thread has ended, which `init` asks for; and the value is handed
  /// over by the end of the thread.
  package final class Meanwhile<Value> {
    private struct Shared: @unchecked Sendable {
      let body: () -> Value
      let place: Place
    }

    private final class Place {
      var value: Value?
    }

    private let shared: Shared
    private var thread: pthread_t?

    /// Begins to make the value. Nobody may change what `body` reads before `value` was asked for, or this object is gone. If no
    /// thread can be started, `value` makes it.
    package init(_ body: @escaping () -> Value) {
      shared = Shared(body: body, place: Place())
      let shared = shared
      thread = OwnThread.start { shared.place.value = shared.body() }
    }

    deinit { join() }

    private func join() {
      if let thread { pthread_join(thread, nil) }
      thread = nil
    }

    /// Waits for the thread, and returns the value.
    package var value: Value {
      join()
      let value = shared.place.value ?? shared.body()
      shared.place.value = value
      return value
    }
  }
}
