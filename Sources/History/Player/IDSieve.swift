// A sieve for the ids of a few Gs, asked once for each of millions of events.

/// Lets some ids through. Most of the others are turned away by one bit, without a search.
struct IDSieve {
  private let ids: Set<UInt64>
  /// One bit for each id, modulo the number of bits. It is set if an id with this bit may pass.
  private var bits = [UInt64](repeating: 0, count: 64)

  init(_ ids: Set<UInt64>) {
    self.ids = ids
    for id in ids { bits[Int(id >> 6 & 63)] |= 1 << (id & 63) }
  }

  @inline(__always)
  func passes(_ id: UInt64) -> Bool {
    bits[Int(id >> 6 & 63)] >> (id & 63) & 1 == 1 && ids.contains(id)
  }
}
