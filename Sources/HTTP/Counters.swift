// The counters of a server.

import Synchronization

/// What a server has counted since it started. Thread-safe: any thread may read the numbers. Each is exact by itself, but
/// several that are read one after the other are not of one moment.
public final class Counters: Sendable {
  /// The number of accepted connections, refused ones included.
  public let accepted = Atomic(0)
  /// The number of connections beyond the limit: answered with 503 or, when many come at once, closed without
  /// an answer.
  public let refused = Atomic(0)
  /// The number of answered requests, by a handler or by a refusal.
  public let requests = Atomic(0)
  /// How often `accept` found no descriptor left and waited.
  public let exhaustions = Atomic(0)

  /// Makes counters that are all zero.
  public init() {}
}
