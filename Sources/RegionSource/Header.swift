// The header: the only part of a region that is found without the schema. It says where the schema lies.
import Host
import Region

/// Checks that a mapping holds a region that this build can read, and reads the schema.
enum Header {
  /// The layout version that this build reads.
  static let readableVersion = Layout.version
  /// The least number of bytes that a region has.
  static let bytes = HeaderField.stride * 8

  /// Reads the schema of the region in `mapping`. The words that are read here are the only ones whose places are
  /// fixed.
  static func schema(of mapping: Mapping) throws(LayoutProblem) -> RegionSchema {
    func word(_ field: HeaderField) -> UInt64 { mapping.word(at: field.rawValue * 8).acquired }
    let magic = word(.magic)
    guard magic != 0 else { throw .unfinished }  // written last
    guard magic != Layout.magic.byteSwapped else { throw .otherByteOrder }
    guard magic == Layout.magic else { throw .notARegion }
    guard word(.byteOrder) == Layout.byteOrder else { throw .otherByteOrder }
    guard word(.version) == readableVersion else { throw .version(word(.version)) }
    let (start, count) = (word(.schemaOffset), word(.schemaBytes))
    guard count > 0, count <= RegionSchema.longest else { throw .impossible("header.schemaBytes", count) }
    guard start < UInt64(mapping.bytes) else { throw .impossible("header.schemaOffset", start) }
    guard let text = mapping.copy(Int(count), at: Int(start)) else {
      throw .truncated(bytes: mapping.bytes, needed: Int(start) + Int(count))
    }
    return try RegionSchema(text: text)
  }
}
