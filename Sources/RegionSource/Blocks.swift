// From names to words: what the schema says, checked once against the mapping, so that each later access is safe.
import Host
import Region

/// All blocks of one kind in a target's region, by the target's own schema.
struct Blocks<Field: RegionField> {
  let count: Int
  /// Bytes from one block to the next.
  var stride: Int { extent.stride }
  private let mapping: Mapping
  private let extent: RegionSchema.Extent
  /// By raw value of the field; nil: the target does not have it.
  private let places: [RegionSchema.Place?]

  /// Looks up the block and those of its fields that are `needed`, or at least `wanted`: an older target may lack
  /// these, see `has`.
  init(
    _ schema: RegionSchema, _ mapping: Mapping, needed: [Field], wanted: [Field] = []
  ) throws(LayoutProblem) {
    guard let extent = schema.blocks[Field.block] else { throw .missing("block \(Field.block)") }
    try extent.check("block \(Field.block)", in: mapping)
    var places = [RegionSchema.Place?](repeating: nil, count: Field.stride)
    for field in needed + wanted {
      let name = "\(Field.block).\(field.name)"
      guard let place = schema.fields[name] else {
        if wanted.contains(where: { $0.rawValue == field.rawValue }) { continue }
        throw .missing("field \(name)")
      }
      guard place.offset & 7 == 0, place.words > 0, place.offset <= extent.stride,
        place.words <= (extent.stride - place.offset) / 8
      else { throw .impossible("the place of field \(name)", UInt64(place.offset)) }
      places[field.rawValue] = place
    }
    (self.mapping, self.extent, self.places, count) = (mapping, extent, places, extent.count)
  }

  func check(atMost limit: Int) throws(LayoutProblem) {
    guard count <= limit else { throw .impossible("the count of block \(Field.block)", UInt64(count)) }
  }

  /// Whether the target has a field that was wanted.
  func has(_ field: Field) -> Bool { places[field.rawValue] != nil }

  /// Words of `field`; 0 when the target does not have it.
  func words(_ field: Field) -> Int { places[field.rawValue]?.words ?? 0 }

  /// Where a word lies in the region. `block` and `element` must be below `count` and `words(field)`.
  func offset(_ field: Field, of block: Int, element: Int = 0) -> Int {
    guard let place = places[field.rawValue] else { preconditionFailure("a field that was asked for") }
    precondition(block >= 0 && block < count && element >= 0 && element < place.words, "a field of a block")
    return extent.offset + block * extent.stride + place.offset + element * 8
  }

  func word(_ field: Field, of block: Int = 0, element: Int = 0) -> Word {
    mapping.word(at: offset(field, of: block, element: element))
  }

  /// The value of a word; what its writer published before it is visible after.
  func value(_ field: Field, of block: Int = 0, element: Int = 0) -> UInt64 {
    word(field, of: block, element: element).acquired
  }

  /// A value that is used as a number of blocks, or an index; anything above `limit` is damage.
  func bounded(_ field: Field, of block: Int = 0, to limit: Int) throws(LayoutProblem) -> Int {
    let value = value(field, of: block)
    guard value <= UInt64(limit) else { throw .impossible("\(Field.block).\(field.name)", value) }
    return Int(value)
  }

  /// A value that means "none" at 0, and else an index plus 1, below `limit`.
  func index(_ field: Field, of block: Int, below limit: Int) throws(LayoutProblem) -> Int? {
    let value = try bounded(field, of: block, to: limit)
    return value == 0 ? nil : value - 1
  }
}

extension RegionSchema.Extent {
  /// Throws unless the array is aligned and lies in the mapping.
  func check(_ name: String, in mapping: Mapping) throws(LayoutProblem) {
    guard offset & 7 == 0, stride & 7 == 0, stride > 0, count > 0, count < 1 << 40 else {
      throw .impossible("the place of \(name)", UInt64(offset))
    }
    let (length, isTooLong) = stride.multipliedReportingOverflow(by: count)
    let (end, isTooFar) = offset.addingReportingOverflow(length)
    guard !isTooLong, !isTooFar, end <= mapping.bytes else {
      throw .truncated(bytes: mapping.bytes, needed: isTooLong || isTooFar ? .max : end)
    }
  }
}
