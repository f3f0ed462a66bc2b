// Functions by name and by address, from .gopclntab, which every Go executable keeps. Files, lines and inlined frames are
// in Tables; this part is needed before it is known where anything lies.

/// The names and the beginnings of all functions. A plain value.
package struct FunctionIndex: Sendable {
  private let bytes: [UInt8]
  /// Where the functions' code begins: the runtime's `moduledata.text`, with the load bias.
  private let text: UInt64
  private let count, table, names: Int
  /// The first word of the table says of which form it is; this is the one of Go 1.20 and later.
  private static let magic: UInt32 = 0xFFFF_FFF1

  /// Understands the table's header; nil: it is damaged, or of another form.
  package init?(_ bytes: [UInt8], text: UInt64) {
    guard bytes.load(0, as: UInt32.self) == Self.magic, bytes.count > 72, bytes[6] == 1, bytes[7] == 8 else {
      return nil
    }
    guard let count = Int(exactly: bytes.word(8)), let names = Int(exactly: bytes.word(32)),
      let table = Int(exactly: bytes.word(64)), count > 0, count < 1 << 24, names < bytes.count, names > 0,
      table > 0,
      table + count * 8 + 4 <= bytes.count
    else { return nil }
    (self.bytes, self.text, self.count, self.names, self.table) = (bytes, text, count, names, table)
  }

  private func entry(_ index: Int) -> UInt64 {
    text &+ UInt64(bytes.load(table + index * 8, as: UInt32.self))
  }

  private func nameStart(_ index: Int) -> Int {
    let function = table + Int(bytes.load(table + index * 8 + 4, as: UInt32.self))
    return names + Int(bytes.load(function + 4, as: UInt32.self))
  }

  /// The name of the function at an address; nil: there is none.
  package func name(at address: UInt64) -> String? {
    guard address >= entry(0), address < entry(count) else { return nil }
    var (low, high) = (0, count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if entry(middle) <= address { low = middle } else { high = middle }
    }
    let start = nameStart(low)
    guard start < bytes.count else { return nil }
    return String(decoding: bytes[start...].prefix(1024).prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The addresses of the functions with these names, from their first byte to behind their last.
  package func ranges(of wanted: Set<String>) -> [Range<UInt64>] {
    let names = wanted.map { Array($0.utf8) + [0] }
    return (0..<count).compactMap { index in
      let start = nameStart(index)
      guard
        names.contains(where: {
          bytes.count - start >= $0.count && bytes[start..<start + $0.count] == $0[...]
        })
      else { return nil }
      let (begin, end) = (entry(index), entry(index + 1))
      return begin < end && end - begin < 1 << 20 ? begin..<end : nil
    }
  }
}
