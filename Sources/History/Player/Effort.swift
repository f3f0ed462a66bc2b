// The work on an answer, while it is being done: how far it has come, and whether anybody still waits for it.
import Synchronization

/// The work on one answer that takes long. Thread-safe: any thread may read it or cancel it.
public final class Effort: Sendable {
  private let looked = Atomic<Int>(0)
  private let isOff = Atomic<Bool>(false)

  /// Makes the record of work that has not begun.
  public init() {}

  /// How many events the work has gone through so far.
  public var events: Int { looked.load(ordering: .relaxed) }

  /// Cancels the work, because nobody waits for the answer any more. The work stops soon afterwards, and its result is
  /// of no use.
  public func cancel() { isOff.store(true, ordering: .relaxed) }
  /// Whether the work was cancelled.
  public var isCancelled: Bool { isOff.load(ordering: .relaxed) }

  package func note(_ events: Int) { looked.wrappingAdd(events, ordering: .relaxed) }
}
