// Variables of the runtime by their names, from the table of symbols, which Go's linker leaves out with `-s`.

/// Addresses of the runtime's variables as the file has them: without the load bias.
package struct Symbols: Sendable, Equatable {
  package struct Variable: Sendable, Equatable {
    package var address, size: UInt64
    package init(address: UInt64, size: UInt64) { (self.address, self.size) = (address, size) }
  }

  /// The variables that are wanted, by their names without `runtime.`.
  static let wanted: Set<String> = [
    "allp", "allm", "allgs", "sched", "waitReasonStrings", "gcphase", "gcController", "firstmoduledata",
  ]

  package var variables: [String: Variable] = [:]

  package init() {}

  /// Reads the table; nil: the file has none.
  package init?(_ elf: ELFFile, _ file: some ByteSource) {
    guard let table = elf.bytes(of: ".symtab", in: file), let names = elf.bytes(of: ".strtab", in: file)
    else {
      return nil
    }
    let prefix = Array("runtime.".utf8)
    let longest = Self.wanted.map(\.utf8.count).max() ?? 0
    for start in stride(from: 0, to: table.count - 23, by: 24)
    where table.load(start + 6, as: UInt16.self) != 0 {
      let name = Int(table.load(start, as: UInt32.self))
      // Most symbols are not wanted. They are sorted out by their bytes, because making a String of each would take long.
      guard name + prefix.count < names.count, names[name] == 0x72,
        names[name..<name + prefix.count] == prefix[...]
      else { continue }
      let rest = names[(name + prefix.count)...].prefix(longest + 1).prefix { $0 != 0 }
      guard rest.count <= longest, rest.count > 3 else { continue }
      let text = String(decoding: rest, as: UTF8.self)
      guard Self.wanted.contains(text) else { continue }
      variables[text] = Variable(address: table.word(start + 8), size: table.word(start + 16))
    }
  }
}
