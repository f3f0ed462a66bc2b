// CRC-32 with the polynomial of zlib and PNG, which every language has: the checksum of a recording's chunks, and of a
// stream's packets.

/// The checksum of bytes that are added piece by piece.
package struct Checksum {
  private var state: UInt32 = 0xffff_ffff

  package init() {}

  package var value: UInt32 { ~state }

  package mutating func add(_ bytes: [UInt8]) { add(bytes[...]) }

  /// Adds bytes, four at a time: each table is the one before, moved on by one byte, so the four lookups do not wait
  /// for each other.
  package mutating func add(_ bytes: ArraySlice<UInt8>) {
    let table = Self.table
    var (state, next) = (state, bytes.startIndex)
    while bytes.endIndex - next >= 4 {
      var mixed = state ^ UInt32(bytes[next])
      mixed ^= UInt32(bytes[next + 1]) << 8
      mixed ^= UInt32(bytes[next + 2]) << 16
      mixed ^= UInt32(bytes[next + 3]) << 24
      state = table[768 + Int(mixed & 0xff)] ^ table[512 + Int(mixed >> 8 & 0xff)]
      state ^= table[256 + Int(mixed >> 16 & 0xff)] ^ table[Int(mixed >> 24)]
      next += 4
    }
    while next < bytes.endIndex {
      state = table[Int(UInt8(truncatingIfNeeded: state) ^ bytes[next])] ^ (state >> 8)
      next += 1
    }
    self.state = state
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    checksum.add(bytes)
    return checksum.value
  }

  /// The four tables of the checksum, of 256 numbers each, one after the other.
  private static let table: [UInt32] = {
    var table = (UInt32(0)..<256).map { (index: UInt32) -> UInt32 in
      (0..<8).reduce(index) { (crc: UInt32, _) in crc & 1 == 1 ? 0xedb8_8320 ^ (crc >> 1) : crc >> 1 }
    }
    for index in 256..<1024 {
      let before = table[index - 256]
      table.append(table[Int(before & 0xff)] ^ (before >> 8))
    }
    return table
  }()
}
