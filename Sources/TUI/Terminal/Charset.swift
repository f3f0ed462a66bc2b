// The way in which a keyboard's bytes form characters: as UTF-8, or as the locale says.

/// Turns bytes into characters. A byte below 0x80 at the beginning of a character is always that ASCII
/// character.
struct Charset: Sendable {
  enum Reading: Equatable {
    case scalar(Unicode.Scalar)
    case incomplete, invalid
  }

  /// Reads one character from bytes of which the first is beyond ASCII.
  let reading: @Sendable ([UInt8]) -> Reading
  private let isUTF8: Bool

  /// Makes a charset from a function that reads one character.
  init(_ reading: @escaping @Sendable ([UInt8]) -> Reading) { (self.reading, isUTF8) = (reading, false) }

  private init() { (reading, isUTF8) = (Self.readUTF8, true) }

  static let utf8 = Charset()

  /// Whether a byte may be a later byte of a character. Inside a string, such a byte must not be taken for
  /// the string's end.
  func continues(with byte: UInt8) -> Bool { isUTF8 && byte & 0xC0 == 0x80 }

  /// The text of the bytes. Bytes that form no character are left out.
  func text(of bytes: [UInt8]) -> String {
    var (text, begun) = (String.UnicodeScalarView(), [UInt8]())
    for byte in bytes {
      if begun.isEmpty, byte < 0x80 {
        text.append(Unicode.Scalar(byte))
        continue
      }
      begun.append(byte)
      switch reading(begun) {
      case .incomplete: continue
      case .scalar(let scalar): text.append(scalar)
      case .invalid: if begun.count > 1, byte < 0x80 { text.append(Unicode.Scalar(byte)) }
      }
      begun.removeAll()
    }
    return String(text)
  }

  private static func readUTF8(_ bytes: [UInt8]) -> Reading {
    let wanted =
      switch bytes[0] {
      case ..<0x80: 1
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 0
      }
    guard bytes.count <= wanted, bytes.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 }) else { return .invalid }
    guard bytes.count == wanted else { return .incomplete }
    var (bytes, decoder) = (bytes.makeIterator(), UTF8())
    guard case .scalarValue(let scalar) = decoder.decode(&bytes) else { return .invalid }
    return .scalar(scalar)
  }
}
