// From names to words: the places that the schema names are checked once against the mapping, so that each later access
// is safe.
import Host
import Region

/// All blocks of one kind in a target's region, found by the target's own schema.
struct Blocks<Field: RegionField> {
  let count: Int
  /// The distance from one block to the next, in bytes.
  var stride: Int { extent.stride }
  private let mapping: Mapping
  private let extent: RegionSchema.Extent
  /// The place of each field, by the field's raw value; nil: the target lacks the field.
  private let places: [RegionSchema.Place?]

  /// Looks up the block and its fields. Throws if one of the `needed` fields is missing. A `wanted` field may be
  /// missing in an older target; see `has`.
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

  /// Whether the target has a field that was only wanted.
  func has(_ field: Field) -> Bool { places[field.rawValue] != nil }

  /// The number of words of `field`; 0: the target lacks the field.
  func words(_ field: Field) -> Int { places[field.rawValue]?.words ?? 0 }

  /// The byte offset of a word in the region. `block` and `element` must be below `count` and `words(field)`.
  func offset(_ field: Field, of block: Int, element: Int = 0) -> Int {
    guard let place = places[field.rawValue] else { preconditionFailure("a field that was asked for") }
    precondition(block >= 0 && block < count && element >= 0 && element < place.words, "a field of a block")
    return extent.offset + block * extent.stride + place.offset + element * 8
  }

  func word(_ field: Field, of block: Int = 0, element: Int = 0) -> Word {
    mapping.word(at: offset(field, of: block, element: element))
  }

  /// The value of a word. The load acquires: what its writer wrote before this word is visible afterwards.
  func value(_ field: Field, of block: Int = 0, element: Int = 0) -> UInt64 {
    word(field, of: block, element: element).acquired
  }

  /// The value of a word that is used as a number of blocks, or as an index. Throws if it is above `limit`, because
  /// then the region is damaged.
  func bounded(_ field: Field, of block: Int = 0, to limit: Int) throws(LayoutProblem) -> Int {
    let value = value(field, of: block)
    guard value <= UInt64(limit) else { throw .impossible("\(Field.block).\(field.name)", value) }
    return Int(value)
  }

  /// An index below `limit`; nil: none. The word is the index plus 1, or 0 for none. Throws if the word is damaged.
  func index(_ field: Field, of block: Int, below limit: Int) throws(LayoutProblem) -> Int? {
    let value = try bounded(field, of: block, to: limit)
    return value == 0 ? nil : value - 1
  }
}

extension RegionSchema.Extent {
  /// Throws unless the array is aligned to words and lies completely in the mapping.
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
