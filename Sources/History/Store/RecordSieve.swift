// A sieve lets only the records through that a question needs. Unpacking a segment takes time mostly because
// its records are put in order. A record that is left out from the start costs only its decoding. A block
// that contains none of the wanted kinds does not even cost that.
import Observed
import Region

/// Lets records of some kinds, or of some lanes, through.
package struct RecordSieve {
  /// The kinds that are wanted of every G, as one bit for each kind.
  private let kinds: UInt64
  /// The kinds that are wanted of the G `g`, as one bit for each kind.
  private let own: UInt64
  private let g: UInt64
  /// Lanes whose records are not wanted.
  private var skipped: Set<Lane> = []

  /// - Parameter kinds: the kinds that are wanted, of every G.
  package init(_ kinds: EventKind...) { (self.kinds, own, g) = (Self.bits(kinds), 0, 0) }

  /// - Parameters:
  ///   - kinds: the kinds that are wanted of this G; nil: all.
  ///   - others: the kinds that are wanted of every G.
  package init(of g: UInt64, _ kinds: [EventKind]? = nil, others: [EventKind] = []) {
    (self.kinds, own, self.g) = (Self.bits(others), kinds.map(Self.bits) ?? .max, g)
  }

  /// Lets all records through except those of some lanes.
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

  /// Kinds that this build does not know share the last bit.
  @inline(__always)
  private static func bit(_ record: Record) -> UInt64 { 1 << min(63, record.what & 0xff) }

  /// The kinds that occur among the records, as one bit for each kind.
  package static func kinds(of records: ArraySlice<Record>) -> UInt64 {
    var kinds: UInt64 = 0
    for record in records { kinds |= bit(record) }
    return kinds
  }
}
