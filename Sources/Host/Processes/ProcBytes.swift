// Numbers in the small files below /proc, found among their bytes. These files are read several times a second for each thread
// of a target, and to go through them as characters (which may be of many bytes, and have properties to look up) took a seventh of
// the time of a sender that streams a hundred thousand events a second.

/// The bytes of a small file of numbers and names.
package struct ProcBytes {
  private let bytes: ArraySlice<UInt8>

  package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// The file's words: what stands between blanks, tabs and ends of lines.
  package var words: [ArraySlice<UInt8>] { bytes.split(whereSeparator: Self.isBlank) }

  /// The number behind a name with which a line begins; nil: no line begins with it, or no number follows.
  package func number(after name: String) -> UInt64? {
    var rest = bytes
    while !rest.isEmpty {
      if rest.starts(with: name.utf8) {
        let word = rest.dropFirst(name.utf8.count).drop(while: { $0 == 32 || $0 == 9 })
        return Self.number(word.prefix { !Self.isBlank($0) })
      }
      guard let end = rest.firstIndex(of: 10) else { return nil }
      rest = rest[(end + 1)...]
    }
    return nil
  }

  /// The decimal number that a word is; nil: it is none, or too large for 64 bits.
  package static func number(_ word: ArraySlice<UInt8>) -> UInt64? {
    guard !word.isEmpty else { return nil }
    var number: UInt64 = 0
    for byte in word {
      guard byte >= 48, byte <= 57 else { return nil }
      let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
      let (sum, isOverNow) = tens.addingReportingOverflow(UInt64(byte - 48))
      guard !isOver, !isOverNow else { return nil }
      number = sum
    }
    return number
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 10 || byte == 9 }
}
