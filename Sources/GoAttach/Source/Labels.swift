// The pprof labels of goroutines.

/// Reads labels. From Go 1.24 on they are a list of pairs; before, a map of Go's, which is not read.
struct Labels {
  private let memory: any TargetMemory
  private let isList: Bool
  private var known: [UInt64: [(key: String, value: String)]] = [:]

  /// No more labels than this, and no longer ones, are read.
  private static let (most, longest) = (64, 256)

  init(_ program: GoProgram) {
    (memory, isList) = (program.memory, program.version.minor >= 24)
  }

  /// The labels at an address; nil: they cannot be read.
  mutating func labels(at address: UInt64) -> [(key: String, value: String)]? {
    guard address != 0 else { return [] }
    guard isList, isPlausible(pointer: address) else { return nil }
    if let labels = known[address] { return labels }
    guard let list = try? memory.words(at: address, 2), list[1] <= UInt64(Self.most) else { return nil }
    var labels: [(key: String, value: String)] = []
    for index in 0..<list[1] {
      guard let key = try? memory.text(header: list[0] &+ 32 * index, limit: Self.longest),
        let value = try? memory.text(header: list[0] &+ 32 * index &+ 16, limit: Self.longest)
      else { return nil }
      labels.append((key, value))
    }
    known[address] = labels
    return labels
  }
}
