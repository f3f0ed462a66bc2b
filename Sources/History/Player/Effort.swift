// What it takes to answer a question, while it is being answered: how far that has come, and whether anybody still waits.
import Synchronization

/// One answer that takes long. Any thread may look, and may call it off.
public final class Effort: Sendable {
  private let looked = Atomic<Int>(0)
  private let isOff = Atomic<Bool>(false)

  public init() {}

  /// Events that were gone through so far.
  public var events: Int { looked.load(ordering: .relaxed) }

  /// Nobody waits any more: what is being made is good for nothing from now on, and is over soon.
  public func cancel() { isOff.store(true, ordering: .relaxed) }
  public var isCancelled: Bool { isOff.load(ordering: .relaxed) }

  package func note(_ events: Int) { looked.wrappingAdd(events, ordering: .relaxed) }
}
