// Once: something is done once, and everybody waits until it is.
import Synchronization

/// Runs a body one time, whoever comes first.
///
/// Thread-safe; from Gs only. The body may park: the others wait, parked. If it throws, it has not been done, and the
/// next one to come runs it again.
public final class Once: Sendable {
  private let done = Atomic<Bool>(false)
  private let mutex = Mutex()
  /// The G that runs the body; 0: none.
  private let runner = Atomic<UInt64>(0)

  public init() {}

  /// Whether the body has been run to its end.
  public var isDone: Bool { done.load(ordering: .acquiring) }  // pairs with the release in `run`

  /// Runs `body` unless one was run already; returns once it is done. To call it from within the body ends the process.
  public func run<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    if isDone { return }
    let id = currentM("Once.run").g?.id ?? 0
    // relaxed: only what this G itself has stored matters
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
