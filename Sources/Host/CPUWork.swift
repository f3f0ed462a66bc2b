// How much CPU time a piece of work took.
//
// Work that is done again and again may take only a share of the time, so the pause after it is a
// multiple of what it took. On a busy machine the wall clock also counts the time in which other
// programs had the CPU. A pause that followed from the wall clock would become seconds long there,
// and screens would stand still. So the CPU time counts.
internal import Glibc

/// Measures CPU time from its creation on. A plain value.
package struct CPUWork {
  /// Whose CPU time counts.
  package enum Scope: Sendable {
    /// The CPU time of the calling thread.
    case thread
    /// The CPU time of all threads of this process, for work that several threads share.
    case process

    fileprivate var clock: clockid_t { self == .thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID }
  }

  private let scope: Scope
  private let start: (wall: UInt64, cpu: UInt64)

  /// Begins to measure CPU time.
  package init(of scope: Scope) {
    (self.scope, start) = (scope, (monotonicNow(), Self.now(scope)))
  }

  /// The CPU time that was used since the creation of this value, in nanoseconds; at most the time that passed, because in the
  /// scope `process` other threads may have used CPUs for something else.
  package var spent: UInt64 { min(Self.now(scope) - start.cpu, monotonicNow() - start.wall) }

  private static func now(_ scope: Scope) -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(scope.clock, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }
}
