// Blocks and fields: how a place in the region gets its name.
//
// A block is a run of words that describes one thing: a P, an M, a G… A field is a case of an enum, and the case's
// raw value is the field's word index in the block. The layout, the accessors and the schema in the region are all
// made from these enums, so they cannot disagree. A field may be an array (`count` words).

/// The meaning of a field's value, for readers that do not have this source code.
public enum FieldKind: Sendable, Equatable {
  /// A number that only grows.
  case counter
  /// A number that goes up and down.
  case gauge
  /// Names something: a P, an M, a G, a thread. Where "none" is possible, the unit is `id+1` and 0 means none.
  case id
  /// A moment, in ticks of the region's clock.
  case ticks
  /// A raw value of the named enum, in the word's low 8 bits. The schema lists the enum's cases.
  case enumeration(String)
  /// Several values packed into one word; docs/region.md says which bits hold what.
  case packed

  public var name: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .id: "id"
    case .ticks: "ticks"
    case .enumeration(let name): "enum:\(name)"
    case .packed: "packed"
    }
  }
}

/// The schema's description of one field.
public struct FieldSpec: Sendable {
  public var kind: FieldKind
  /// The unit, without blanks: `gs`, `records`, `bytes`, `id+1`…
  public var unit: String
  /// Length of the field in words: above 1 for arrays.
  public var count: Int

  public init(_ kind: FieldKind, _ unit: String, count: Int = 1) {
    (self.kind, self.unit, self.count) = (kind, unit, count)
  }
}

/// The fields of one kind of block. The raw value is the field's word index in the block.
public protocol RegionField: CaseIterable, RawRepresentable, Sendable where RawValue == Int {
  /// The block's name in the schema.
  static var block: String { get }
  /// Distance in words from one block of this kind to the next.
  static var stride: Int { get }
  var spec: FieldSpec { get }
}

extension RegionField {
  /// The field's name in the schema.
  public var name: String { "\(self)" }
}

/// A handle to one block in mapped memory. Like `Word`, copying the handle does not copy the memory.
///
/// Safe because: `base` comes from a layout that was checked against the mapping's size, and each field's index is
/// below its block's stride, which a test checks.
@safe @frozen public struct Block<Field: RegionField> {
  @usableFromInline let base: UnsafeMutableRawPointer

  @inlinable @inline(__always)
  public init(at base: UnsafeMutableRawPointer) { unsafe self.base = base }

  @inlinable @inline(__always)
  public subscript(field: Field) -> Word { unsafe Word(at: base + field.rawValue &* 8) }

  /// Element `index` of an array field; `index` must be below the field's count.
  @inlinable @inline(__always)
  public subscript(field: Field, index: Int) -> Word {
    unsafe Word(at: base + (field.rawValue &+ index) &* 8)
  }
}
