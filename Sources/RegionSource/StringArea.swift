// The region's strings, copied: what history and recordings name things with when the region is gone.
import Host
import Region

/// A copy of the string table that grows with it.
struct StringArea {
  /// More bytes of names than these are not believed.
  private static let most = 1 << 22

  private let mapping: Mapping
  private let sched: Blocks<SchedField>
  private let extent: RegionSchema.Extent
  package private(set) var bytes: [UInt8] = []

  init(_ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>) throws(LayoutProblem) {
    guard let extent = schema.areas["strings"] else { throw .missing("area strings") }
    try extent.check("area strings", in: mapping)
    (self.mapping, self.sched, self.extent) = (mapping, sched, extent)
  }

  /// Takes over what was added since; strings never change or move.
  mutating func copy() {
    let published = min(Int(clamping: sched.value(.stringBytes)), extent.stride, Self.most)
    guard published > bytes.count else { return }
    bytes += mapping.copy(published - bytes.count, at: extent.offset + bytes.count) ?? []
  }
}
