// A queue of Gs, first in, first out, linked through the Gs themselves, so it never allocates. A G is in one queue at
// most. The queue has no lock: its owner holds the lock that guards it, if any.

/// An intrusive queue of Gs.
struct GQueue {
  private var head: UInt32 = 0
  private var tail: UInt32 = 0
  private(set) var count = 0

  var isEmpty: Bool { head == 0 }
  var first: G? { G(link: head) }

  @inline(__always)
  mutating func append(_ g: G) {
    g.next = 0
    if let last = G(link: tail) { last.next = g.link } else { head = g.link }
    tail = g.link
    count &+= 1
  }

  /// Among the first `limit` Gs, takes out the last one for which `isWanted` is true; nil when there is none.
  mutating func removeLast(of limit: Int, where isWanted: (G) -> Bool) -> G? {
    var (found, before, previous): (G?, G?, G?) = (nil, nil, nil)
    var (next, seen) = (first, 0)
    while seen < limit, let g = next {
      if isWanted(g) { (found, before) = (g, previous) }
      previous = g
      next = G(link: g.next)
      seen += 1
    }
    guard let found else { return nil }
    if let before { before.next = found.next } else { head = found.next }
    if tail == found.link { tail = before?.link ?? 0 }
    count &-= 1
    return found
  }

  /// Appends all of `other`, in order.
  mutating func append(_ other: consuming GQueue) {
    guard other.head != 0 else { return }
    if let last = G(link: tail) { last.next = other.head } else { head = other.head }
    tail = other.tail
    count &+= other.count
  }

  @inline(__always)
  mutating func popFirst() -> G? {
    guard let first = G(link: head) else { return nil }
    head = first.next
    if head == 0 { tail = 0 }
    count &-= 1
    return first
  }
}
