// Names by id, from the region's string table. Each name is read once and kept, until there are too many; then all are
// dropped.
import Host
import Region

/// The interned strings of a target.
struct Strings {
  /// At most this many names are kept. A scheduler has a few hundred; a damaged region may name any number.
  private static let most = 4096

  private let mapping: Mapping
  private let sched: Blocks<SchedField>
  private let extent: RegionSchema.Extent
  private var known: [UInt64: String] = [:]

  init(_ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>) throws(LayoutProblem) {
    guard let extent = schema.areas["strings"] else { throw .missing("area strings") }
    try extent.check("area strings", in: mapping)
    (self.mapping, self.sched, self.extent) = (mapping, sched, extent)
  }

  /// The string with `id`, fit for a terminal; nil: `id` is 0, or the target has not published it.
  mutating func string(_ id: UInt64) -> String? {
    if id == 0 { return nil }
    if let name = known[id] { return name }
    let end = Int(clamping: sched.value(.stringBytes))
    let found = mapping.string(id, tableAt: extent.offset, capacity: extent.stride, below: end)
    guard let name = found.map(printable) else { return nil }
    if known.count >= Self.most { known.removeAll(keepingCapacity: true) }
    known[id] = name
    return name
  }
}
