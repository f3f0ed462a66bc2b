// What a server counts.

import Synchronization

/// Numbers since the start. Any G may read them; each is exact by itself, together they are of no one moment.
public final class Counters: Sendable {
  /// Connections accepted, refused ones included.
  public let accepted = Atomic(0)
  /// Connections beyond the cap, answered with 503 or (when many come at once) just closed.
  public let refused = Atomic(0)
  /// Requests answered, by a handler or with a refusal.
  public let requests = Atomic(0)
  /// How often `accept` found no descriptor left and waited.
  public let exhaustions = Atomic(0)

  public init() {}
}
