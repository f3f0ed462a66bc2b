// Threads of this process's own, beside the one that reads keys and draws.
internal import Glibc

/// Starts threads that are detached: nobody waits for their end.
package enum OwnThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a new thread. If no thread can be started, `body` is not run, and the result is false.
  package static func begin(_ body: @escaping @Sendable () -> Void) -> Bool {
    // The new thread owns `body` and releases it.
    let owned = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let problem = unsafe pthread_create(
      &thread, nil,
      { pointer in
        unsafe Unmanaged<Body>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, owned.toOpaque())
    if problem == 0 {
      pthread_detach(thread)
    } else {
      unsafe owned.release()
    }
    return problem == 0
  }
}
