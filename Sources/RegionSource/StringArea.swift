// A copy of the region's strings, from which history and recordings take names when the region is gone.
import Host
import Region

/// A copy of the string table that grows as the table does.
struct StringArea {
  /// A string table of more bytes than this counts as damaged.
  private static let most = 1 << 22

  private let mapping: Mapping
  private let sched: Blocks<SchedField>
  private let extent: RegionSchema.Extent
  private(set) var bytes: [UInt8] = []

  init(_ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>) throws(LayoutProblem) {
    guard let extent = schema.areas["strings"] else { throw .missing("area strings") }
    try extent.check("area strings", in: mapping)
    (self.mapping, self.sched, self.extent) = (mapping, sched, extent)
  }

  /// Copies the strings that were added since the last call. Strings never change or move.
  mutating func copy() {
    let published = min(Int(clamping: sched.value(.stringBytes)), extent.stride, Self.most)
    guard published > bytes.count else { return }
    bytes += mapping.copy(published - bytes.count, at: extent.offset + bytes.count) ?? []
  }
}
