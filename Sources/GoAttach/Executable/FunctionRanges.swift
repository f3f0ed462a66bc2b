// Functions by their names. The tables are sorted by address, so each lookup by name goes through all functions. That is done
// twice to attach to a stripped program, and once for the running goroutines of a core.

extension GoTables {
  /// The name of the function at an address; nil: there is none.
  package func name(at address: UInt64) -> String? { function(at: address)?.name }

  /// The ranges of addresses that hold the code of the functions with these names.
  func code(of wanted: [StaticString]) -> [Range<UInt64>] {
    (0..<functionCount).compactMap { index in
      guard let place = functions.word32(at: index * 8 + 4),
        let name = functions.word32(at: Int(place) + FunctionRecord.name),
        wanted.contains(where: { names.holds($0, at: Int(name)) }),
        let entry = functions.word32(at: index * 8)
      else { return nil }
      return function(at: text.lowerBound + UInt64(entry)).flatMap { $0.code.count < 1 << 20 ? $0.code : nil }
    }
  }
}
