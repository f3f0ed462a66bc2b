// Which global variables a function may use, without disassembling it.
//
// On amd64 code names a variable by its distance from the next instruction, in four bytes that are followed by at most four
// bytes of a constant. So every four bytes of a function are tried as such a distance. Most addresses that are
// found in this way are chance, so one alone proves nothing: they only decide among addresses at which the right
// kind of data lies.

/// The addresses of the global variables that the code of some functions may name. A plain value.
struct CodeReferences {
  let addresses: Set<UInt64>

  /// - Parameter functions: names such as `runtime.schedtrace`.
  init(
    of functions: [StaticString], _ tables: GoTables, _ module: Module, _ memory: some TargetMemory
  ) throws(GoRefusal) {
    let ranges = tables.code(of: functions)
    guard !ranges.isEmpty else { throw .variable(functions.map(\.description).joined(separator: " or ")) }
    var addresses: Set<UInt64> = []
    for range in ranges {
      guard let code = try? memory.bytes(at: range.lowerBound, range.count) else { continue }
      for place in 0..<max(0, code.count - 4) {
        let distance = UInt64(bitPattern: Int64(code.load(place, as: Int32.self)))
        let next = range.lowerBound &+ UInt64(place) &+ 4
        // An instruction names a variable by its distance from the next instruction. Between the distance and that
        // next instruction stand 0, 1 or 4 bytes of a constant.
        for constant: UInt64 in [0, 1, 4] {
          let address = next &+ constant &+ distance
          if module.isVariable(address) { addresses.insert(address) }
        }
      }
    }
    self.addresses = addresses
  }
}
