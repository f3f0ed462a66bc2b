// Blocks and fields: how a place in the region gets its name.
//
// A block is an array of words with a meaning (a P, an M, a G…). A field is a case of an enum whose raw value
// is its word index in the block: layout, accessor and the schema that travels in the region are one thing, so
// they cannot disagree. A field may be an array (`count` words).

/// What a field holds, for readers that know nothing of us.
public enum FieldKind: Sendable, Equatable {
  /// Only grows.
  case counter
  /// Goes up and down.
  case gauge
  /// Names something: a P, an M, a G, a thread. Where "none" is possible the unit says `id+1`.
  case id
  /// A moment, in ticks of the region's clock.
  case ticks
  /// A raw value of the named enum, which the schema lists; in the word's low 8 bits.
  case enumeration(String)
  /// Packed bits; the specification tells them apart.
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

/// What the schema says of one field.
public struct FieldSpec: Sendable {
  public var kind: FieldKind
  /// `gs`, `records`, `bytes`, `id+1`… one word.
  public var unit: String
  /// Words, for arrays; else 1.
  public var count: Int

  public init(_ kind: FieldKind, _ unit: String, count: Int = 1) {
    (self.kind, self.unit, self.count) = (kind, unit, count)
  }
}

/// The fields of one kind of block. Raw value: word index.
public protocol RegionField: CaseIterable, RawRepresentable, Sendable where RawValue == Int {
  /// The block's name in the schema.
  static var block: String { get }
  /// Words from one block of this kind to the next.
  static var stride: Int { get }
  var spec: FieldSpec { get }
}

extension RegionField {
  /// The field's name in the schema.
  public var name: String { "\(self)" }
}

/// One block in mapped memory. A handle, as `Word`.
///
/// Safe because: `base` comes from a layout that was checked against the mapping's size, and a field's index is
/// below its block's stride (pinned by a test).
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
