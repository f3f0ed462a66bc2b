// Which Gs stand on which queue at a moment, as a value for people.

/// Which Gs stand on which queue at one moment, each queue in order: the next to be taken comes first. nil stands for a G
/// whose id is not known. A value; it may be used from any thread.
public struct QueueContents: Sendable, Equatable {
  /// The queues of one P.
  public struct P: Sendable, Equatable {
    /// The P's id.
    public var id: Int
    /// The G in `runnext`. For some microseconds there may be two: a thief has taken the first one, but has not written its
    /// record yet.
    public var next: [UInt64?]
    /// The Gs on the P's LRQ, the next to be taken first; nil: a G whose id is not known.
    public var lrq: [UInt64?]

    /// Makes the queues of one P from their parts.
    public init(id: Int, next: [UInt64?] = [], lrq: [UInt64?] = []) {
      (self.id, self.next, self.lrq) = (id, next, lrq)
    }
  }

  /// One G on the GRQ.
  public struct Shared: Sendable, Equatable {
    /// The G's id; nil: not known.
    public var g: UInt64?
    /// Whether the G stands in the GRQ's line for Gs whose time slice was over; nil: not known.
    public var isWorn: Bool?

    /// Makes a G on the GRQ from its parts.
    public init(g: UInt64?, isWorn: Bool? = false) { (self.g, self.isWorn) = (g, isWorn) }
  }

  /// The Ps that ever had a G on their queues, by id.
  public var ps: [P]
  /// The Gs on the GRQ in the order of the records that put them there.
  public var grq: [Shared]

  /// Makes contents from their parts; `ps` must be sorted by id.
  public init(ps: [P] = [], grq: [Shared] = []) { (self.ps, self.grq) = (ps, grq) }

  /// The queues of the P with this id; empty queues if nothing ever stood there.
  public func queues(ofP id: Int) -> P { ps.first { $0.id == id } ?? P(id: id) }

  /// How many Gs stand on all queues together, and of how many it is not known which they are.
  public var count: (all: Int, unnamed: Int) {
    var count = (all: grq.count, unnamed: grq.count { $0.g == nil })
    for p in ps {
      for queue in [p.next, p.lrq] {
        count.all += queue.count
        count.unnamed += queue.count { $0 == nil }
      }
    }
    return count
  }
}
