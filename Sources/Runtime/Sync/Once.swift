// Once: a closure runs once, and every G that calls `run` waits until it has run.
import Synchronization

/// Runs a body only once, for the G that comes first.
///
/// Thread-safe; use it from Gs only. The body may park; the other Gs wait, parked. A body that throws does not count:
/// the next G that comes runs its body.
public final class Once: Sendable {
  private let done = Atomic<Bool>(false)
  private let mutex = Mutex()
  /// The id of the G that runs the body; 0: none does.
  private let runner = Atomic<UInt64>(0)

  /// Makes a Once whose body has not run yet.
  public init() {}

  /// Whether a body has run to its end without throwing.
  public var isDone: Bool { done.load(ordering: .acquiring) }  // pairs with the release in `run`

  /// Runs `body`, unless a body has run already. Returns when a body has run to its end. A call from within the body
  /// ends the process.
  public func run<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    if isDone { return }
    let id = currentM("Once.run").g?.id ?? 0
    // relaxed: the comparison is true only if this G itself stored the value
    if runner.load(ordering: .relaxed) == id { fatal("goroutine \(id) runs a Once from within itself") }
    try mutex.withLock { () throws(Failure) in
      if isDone { return }
      runner.store(id, ordering: .relaxed)
      defer { runner.store(0, ordering: .relaxed) }
      try body()
      done.store(true, ordering: .releasing)
    }
  }
}
