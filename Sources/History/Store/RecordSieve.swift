// Which records a question needs. To unpack a segment is mostly to put its records in order: what is left out at once costs
// only its decoding, and of a block that has none of the kinds not even that.
import Observed
import Region

/// Lets records of some kinds through, or of some lanes.
package struct RecordSieve {
  /// A bit for each kind that is wanted, of whichever G.
  private let kinds: UInt64
  /// A bit for each kind that is wanted of this G.
  private let own: UInt64
  private let g: UInt64
  /// Lanes of which nothing is wanted.
  private var skipped: Set<Lane> = []

  /// - Parameter kinds: of any G.
  package init(_ kinds: EventKind...) { (self.kinds, own, g) = (Self.bits(kinds), 0, 0) }

  /// - Parameters:
  ///   - kinds: of this G; nil: all.
  ///   - others: of any G.
  package init(of g: UInt64, _ kinds: [EventKind]? = nil, others: [EventKind] = []) {
    (self.kinds, own, self.g) = (Self.bits(others), kinds.map(Self.bits) ?? .max, g)
  }

  /// All but those of some lanes.
  package init(butOf lanes: Set<Lane>) { (kinds, own, g, skipped) = (.max, .max, 0, lanes) }

  @inline(__always)
  package func passes(_ record: Record) -> Bool {
    let bit = Self.bit(record)
    return kinds & bit != 0 || record.g == g && own & bit != 0
  }

  func mayPassSome(of block: EventBlock) -> Bool {
    (kinds | own) & block.kinds != 0 && !skipped.contains(block.lane)
  }

  private static func bits(_ kinds: [EventKind]) -> UInt64 {
    kinds.reduce(0) { $0 | 1 << UInt64(min(63, $1.rawValue)) }
  }

  /// Kinds beyond those that we know share the last bit.
  @inline(__always)
  private static func bit(_ record: Record) -> UInt64 { 1 << min(63, record.what & 0xff) }

  /// The kinds of some records.
  package static func kinds(of records: ArraySlice<Record>) -> UInt64 {
    var kinds: UInt64 = 0
    for record in records { kinds |= bit(record) }
    return kinds
  }
}
