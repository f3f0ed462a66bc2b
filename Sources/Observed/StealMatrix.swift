// The steal matrix: which P took how much from which.
//
// It is as large as the square of the Ps, and nearly empty: only pairs that ever met are kept, and no more than `most`
// of them, those that were looked at most. In the past its hits and Gs are those of the moment, and its tries those of
// the keyframe before, because tries are no events.

public struct StealMatrix: Sendable, Equatable {
  /// What one P took from one other since boot.
  public struct Pair: Sendable, Equatable {
    public var thief: Int
    public var victim: Int
    /// Looks at the victim's queue; 0 when the target is older and does not say.
    public var tries: UInt64 = 0
    /// Looks that found something, and the Gs that they moved.
    public var hits: UInt64 = 0
    public var gs: UInt64 = 0
    public init(thief: Int, victim: Int, tries: UInt64 = 0, hits: UInt64 = 0, gs: UInt64 = 0) {
      (self.thief, self.victim, self.tries, self.hits, self.gs) = (thief, victim, tries, hits, gs)
    }
  }

  package static let most = 1024

  /// In the order of thieves, then of victims.
  public private(set) var pairs: [Pair] = []
  /// Whether there were more.
  public private(set) var isCut = false

  public init() {}

  /// - Parameter pairs: in order.
  package init(_ pairs: [Pair], isCut: Bool = false) {
    self.isCut = isCut || pairs.count > Self.most
    self.pairs = pairs
    guard pairs.count > Self.most else { return }
    let kept = pairs.sorted { ($0.tries, $0.hits) > ($1.tries, $1.hits) }.prefix(Self.most)
    self.pairs = kept.sorted { ($0.thief, $0.victim) < ($1.thief, $1.victim) }
  }

  public subscript(thief: Int, victim: Int) -> Pair? {
    let place = place(thief, victim)
    return place < pairs.count && pairs[place].thief == thief && pairs[place].victim == victim
      ? pairs[place] : nil
  }

  /// One more steal.
  package mutating func count(_ gs: UInt64, by thief: Int, from victim: Int) {
    let place = place(thief, victim)
    if place == pairs.count || pairs[place].thief != thief || pairs[place].victim != victim {
      guard pairs.count < Self.most else {
        isCut = true
        return
      }
      pairs.insert(Pair(thief: thief, victim: victim), at: place)
    }
    pairs[place].hits &+= 1
    pairs[place].gs &+= gs
  }

  /// The matrix before these steals.
  package mutating func takeOff(_ added: StealMatrix) {
    for pair in added.pairs {
      let place = place(pair.thief, pair.victim)
      guard self[pair.thief, pair.victim] != nil else { continue }
      pairs[place].hits &-= pair.hits
      pairs[place].gs &-= pair.gs
    }
  }

  /// The first pair that is not before this one.
  private func place(_ thief: Int, _ victim: Int) -> Int {
    pairs.firstPlace { ($0.thief, $0.victim) < (thief, victim) }
  }
}
