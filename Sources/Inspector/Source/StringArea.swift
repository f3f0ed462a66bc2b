// The region's strings, copied: what history and recordings name things with when the region is gone.
internal import Region

/// A copy of the string table that grows with it.
struct StringArea {
  /// More bytes of names than these are not believed.
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

  /// Takes over what was added since; strings never change or move.
  mutating func copy() {
    let published = min(Int(clamping: sched.value(.stringBytes)), extent.stride, Self.most)
    guard published > bytes.count else { return }
    bytes += mapping.copy(published - bytes.count, at: extent.offset + bytes.count) ?? []
  }
}

/// Names by id, of a copied string table.
struct StringBook: Equatable {
  var bytes: [UInt8] = []

  /// The string with `id`, fit for a terminal; nil for 0 and for ids that are none.
  func string(_ id: UInt64) -> String? {
    unsafe bytes.withUnsafeBytes { unsafe StringTable.string(id, in: $0, below: $0.count) }.map(printable)
  }
}

/// Names by id, each made once.
final class NameBook {
  private let book: StringBook
  private var known: [UInt64: String?] = [:]
  init(_ book: StringBook) { self.book = book }
  func name(_ id: UInt64) -> String? {
    if let name = known[id] { return name }
    let name = book.string(id)
    known[id] = name
    return name
  }
}
