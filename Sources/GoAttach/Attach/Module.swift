// The runtime's own description of the program, `moduledata`: where its code, its data and its types are. In a stripped program
// this is found first: its first word points at .gopclntab, whose place the file tells.

/// Where the parts of a program are, in the target's memory. A plain value.
package struct Module: Sendable, Equatable {
  /// The address of the program's Go code. Addresses in the table of functions are relative to it.
  package let text: UInt64
  package let code: Range<UInt64>
  /// The ranges of global variables: data and bss, each with and without pointers.
  package let data: [Range<UInt64>]
  package let types: Range<UInt64>
  /// The address of `gofunc`: there begins Go's funcdata, which the compiler wrote about single functions
  /// (inlined calls, for one).
  package let details: UInt64

  /// Indices of 64-bit words in the runtime's `moduledata`. Up to `types` they are the same in Go 1.21 to 1.27.
  private enum Word {
    static let (text, etext, noptrdata, types) = (22, 23, 24, 37)
    static let details = 40
    static let count = 44
  }

  /// Finds the module.
  ///
  /// - Parameters:
  ///   - symbol: the address of `runtime.firstmoduledata`, if the table of symbols tells it.
  ///   - bias: the load bias: by how much addresses in memory are higher than those in the file.
  package init(
    _ elf: ELFFile, symbol: UInt64?, bias: UInt64, minor: Int, _ memory: some TargetMemory
  ) throws(GoRefusal) {
    guard let tables = elf.section(".gopclntab", ".data.rel.ro.gopclntab") else {
      throw .file("it has no .gopclntab")
    }
    let start = tables.address &+ bias
    for address in try Self.candidates(elf, symbol, bias, start, memory) {
      guard let words = try? memory.words(at: address, Word.count), words[0] == start else { continue }
      if let module = Self(words, minor: minor) {
        self = module
        return
      }
    }
    throw .variable("firstmoduledata")
  }

  private static func candidates(
    _ elf: ELFFile, _ symbol: UInt64?, _ bias: UInt64, _ tables: UInt64, _ memory: some TargetMemory
  ) throws(GoRefusal) -> [UInt64] {
    if let symbol { return [symbol] }
    if let section = elf.section(".go.module") { return [section.address &+ bias] }
    var addresses: [UInt64] = []
    for name in [".noptrdata", ".data", ".data.rel.ro"] {
      guard let section = elf.sections[name], section.size <= 64 << 20,
        let bytes = try? memory.bytes(at: section.address &+ bias, section.size)
      else { continue }
      let needle = (0..<8).map { UInt8(truncatingIfNeeded: tables >> (8 * $0)) }
      var from = 0
      while let place = bytes.find(needle, from: from), addresses.count < 64 {
        addresses.append(section.address &+ bias &+ UInt64(place))
        from = place + 8
      }
    }
    return addresses
  }

  private init?(_ words: [UInt64], minor: Int) {
    func range(_ low: Int, _ high: Int) -> Range<UInt64>? {
      let (low, high) = (words[low], words[high])
      return isPlausible(address: low) && low <= high && high - low < UInt64(mostBytes) ? low..<high : nil
    }
    // Since Go 1.27 another word, the length of the descriptors, stands between the word for the beginning of the types and the
    // one for their end.
    let end = minor >= 27 ? Word.types + 2 : Word.types + 1
    guard let code = range(Word.text, Word.etext), !code.isEmpty, let types = range(Word.types, end) else {
      return nil
    }
    var data: [Range<UInt64>] = []
    for part in 0..<4 {
      guard let range = range(Word.noptrdata + 2 * part, Word.noptrdata + 2 * part + 1) else { return nil }
      data.append(range)
    }
    (text, self.code, self.data, self.types) = (code.lowerBound, code, data, types)
    details = words[minor >= 27 ? Word.details + 3 : Word.details]
  }

  /// Whether a global variable may lie at an address.
  func isVariable(_ address: UInt64) -> Bool { data.contains { $0.contains(address) } }
}
