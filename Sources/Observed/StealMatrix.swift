// The steal matrix: how much each P stole from each other P.
//
// A full matrix would be as large as the square of the number of Ps, and nearly empty. So it has only pairs of which
// one tried to steal from the other, and at most `most` of them: those with the most tries. For a past moment, hits and
// Gs are those of the moment, but tries are those of the keyframe before it, because a try is no event. A source that
// knows nothing of steals has no matrix at all.

/// How much each P stole from each other P, since boot.
public struct StealMatrix: Sendable, Equatable {
  /// How much one P stole from one other P, since boot.
  public struct Pair: Sendable, Equatable {
    /// The id of the P that stole.
    public var thief: Int
    /// The id of the P that was stolen from.
    public var victim: Int
    /// How often the thief looked at the victim's queue; nil: the target is older and does not tell.
    public var tries: UInt64?
    /// How often the thief found something to steal.
    public var hits: UInt64
    /// How many Gs the thief stole from the victim.
    public var gs: UInt64
    /// Makes a pair from its parts.
    public init(thief: Int, victim: Int, tries: UInt64?, hits: UInt64, gs: UInt64) {
      (self.thief, self.victim, self.tries, self.hits, self.gs) = (thief, victim, tries, hits, gs)
    }
  }

  package static let most = 1024

  /// The pairs, sorted by thief, then by victim.
  public private(set) var pairs: [Pair] = []
  /// Whether pairs of Ps were left out, because more than `most` tried to steal from each other.
  public private(set) var isCut = false

  /// Whether the target counts tries.
  public package(set) var tellsTries = true

  /// A matrix without any steal.
  public init() {}

  /// - Parameters:
  ///   - pairs: sorted by thief, then by victim.
  ///   - isCut: whether pairs are missing already.
  package init(_ pairs: [Pair], isCut: Bool = false) {
    self.isCut = isCut || pairs.count > Self.most
    self.pairs = pairs
    tellsTries = pairs.allSatisfy { $0.tries != nil }
    guard pairs.count > Self.most else { return }
    let kept = pairs.sorted { ($0.tries ?? 0, $0.hits) > ($1.tries ?? 0, $1.hits) }.prefix(Self.most)
    self.pairs = kept.sorted { ($0.thief, $0.victim) < ($1.thief, $1.victim) }
  }

  /// The pair of this thief and this victim; nil: it is not in the matrix.
  public subscript(thief: Int, victim: Int) -> Pair? {
    let place = place(thief, victim)
    return place < pairs.count && pairs[place].thief == thief && pairs[place].victim == victim
      ? pairs[place] : nil
  }

  /// Adds one more steal, of `gs` Gs, to the pair.
  package mutating func count(_ gs: UInt64, by thief: Int, from victim: Int) {
    let place = place(thief, victim)
    if place == pairs.count || pairs[place].thief != thief || pairs[place].victim != victim {
      guard pairs.count < Self.most else {
        isCut = true
        return
      }
      // A matrix without this pair says that the thief had never tried to steal from this victim.
      let pair = Pair(thief: thief, victim: victim, tries: tellsTries ? 0 : nil, hits: 0, gs: 0)
      pairs.insert(pair, at: place)
    }
    pairs[place].hits &+= 1
    pairs[place].gs &+= gs
  }

  /// Subtracts the hits and Gs of `added`, which gives the matrix before those steals.
  package mutating func takeOff(_ added: StealMatrix) {
    for pair in added.pairs {
      let place = place(pair.thief, pair.victim)
      guard self[pair.thief, pair.victim] != nil else { continue }
      pairs[place].hits &-= pair.hits
      pairs[place].gs &-= pair.gs
    }
  }

  /// The index of the first pair that is not ordered before this one.
  private func place(_ thief: Int, _ victim: Int) -> Int {
    pairs.firstPlace { ($0.thief, $0.victim) < (thief, victim) }
  }
}
