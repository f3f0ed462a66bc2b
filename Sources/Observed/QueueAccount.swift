// The account of the queues: how deep each queue is, and which M holds each P, according to the records.
//
// §1 Every record that puts Gs on a queue, or takes Gs off it, names the queue and the number of Gs. So each depth is a
// sum over records, and the order in which lanes are read does not matter. For the account a G is on a queue from the
// record that puts it there until the record that takes it off, even while a thread is already moving it. A G is *in
// hands* after a record took it off a queue and before it starts: the first G of a batch, or a G that was set aside
// because it had no stack.
//
// §2 A keyframe takes these sums from words that the target keeps (QueuePlaces). They hold at the boundary of each lane:
// the place between two of the lane's records at which the keyframe reads that lane. From there on the records change
// the sums. So the sums of a keyframe plus the records up to the next keyframe are exactly the sums of that next
// keyframe; a test compares the two.
//
// §3 A thief first takes Gs and then writes its record. Until that record comes, the victim's LRQ counts more Gs than
// it holds, and a victim's `runnext` that was filled again counts 2. The boundaries of the lanes in a keyframe are not
// of one moment, so a sum may be negative between them and the keyframe's `start` (History §3).
import Region

/// Depths of the queues, and the holders of the Ps.
package struct QueueAccount: Equatable, Sendable {
  /// The account of one P: how deep its queues are, which M holds it, which G it runs.
  package struct P: Equatable, Sendable {
    package var lrq = 0
    /// The number of Gs in `runnext`: 0 or 1; see §3 for the exceptions.
    package var next = 0
    /// The M that holds the P, even while that M is in a system call; nil: no M does.
    package var m: Int?
    /// The G that the P runs; nil: it runs none.
    package var g: UInt64?

    package init(lrq: Int = 0, next: Int = 0, m: Int? = nil, g: UInt64? = nil) {
      (self.lrq, self.next, self.m, self.g) = (lrq, next, m, g)
    }
  }

  /// All Ps that were ever made, by id.
  package var ps: [P] = []
  package var grq = 0

  package static let mostPs = 4096

  package init(ps: [P] = [], grq: Int = 0) { (self.ps, self.grq) = (ps, grq) }

  /// Two accounts are equal even if one lacks Ps that have done nothing.
  package static func == (a: QueueAccount, b: QueueAccount) -> Bool {
    guard a.grq == b.grq else { return false }
    return (0..<max(a.ps.count, b.ps.count)).allSatisfy { (a[p: $0] ?? P()) == (b[p: $0] ?? P()) }
  }

  /// The number of Gs on all queues together.
  package var queued: Int { ps.reduce(grq) { $0 &+ $1.lrq &+ $1.next } }

  package subscript(p id: Int) -> P? { ps.indices.contains(id) ? ps[id] : nil }
}
