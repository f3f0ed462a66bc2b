// A queue of Gs, first in, first out, linked through the Gs themselves: it never allocates. A G is in at most one.
// The owner of the queue holds whatever lock guards it.

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

  /// Moves all of `other` behind the last.
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
