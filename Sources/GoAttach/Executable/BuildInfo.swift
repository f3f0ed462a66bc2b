// The version of Go that built an executable: the section .go.buildinfo, which stripping keeps.

/// A version of Go.
public struct GoVersion: Sendable, Equatable, CustomStringConvertible {
  /// The version as the program says it: `go1.27.3`, `go1.26.0-1-microsoft`, `devel go1.28-3f5a…`.
  public let description: String
  /// The minor version: 27 of `go1.27.3`.
  public let minor: Int

  /// Parses a version; nil: it is not one of Go 1.
  public init?(_ text: String) {
    let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "." && $0 != "_" }
    let minors = words.lazy.filter { $0.hasPrefix("go1.") }.compactMap { word in
      Int(word.dropFirst("go1.".count).prefix { $0.isNumber }.prefix(3))
    }
    guard let minor = minors.first else { return nil }
    (description, self.minor) = (text, minor)
  }
}

package enum BuildInfo {
  private static let magic = [0xFF] + Array(" Go buildinf:".utf8)

  /// The version that built the executable; nil: it was not built by Go, or by a version before 1.18.
  package static func version(_ elf: ELFFile, _ file: some ByteSource) -> GoVersion? {
    guard let section = elf.section(".go.buildinfo"), section.isInFile,
      let bytes = file.bytes(at: section.offset, min(section.size, 4096))
    else { return nil }
    return version(bytes)
  }

  /// Parses the bytes of the section: a header of 16 bytes, 16 bytes without meaning, then strings, each behind its length.
  package static func version(_ bytes: [UInt8]) -> GoVersion? {
    guard bytes.starts(with: magic), bytes.count > 33, bytes[15] & 2 != 0 else { return nil }
    var (place, length, shift) = (32, 0, 0)
    while place < bytes.count, shift < 28 {
      let byte = bytes[place]
      length |= Int(byte & 127) << shift
      (place, shift) = (place + 1, shift + 7)
      if byte < 128 { break }
    }
    guard length > 0, length <= 256, place + length <= bytes.count else { return nil }
    return GoVersion(String(decoding: bytes[place..<place + length], as: UTF8.self))
  }
}
