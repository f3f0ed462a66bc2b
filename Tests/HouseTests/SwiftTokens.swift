// The tokens of a Swift file, as far as the house rules need them: words, brackets, operators and marks, each with its
// line. Comments, regular expressions and the text of strings yield none; the code in a string's `\( )` does.

/// A word, a bracket, a run of operator characters, or one other mark of a Swift file.
struct SwiftToken: Equatable {
  let text: String
  /// From 1.
  let line: Int

  var isWord: Bool { text.utf8.first.map(SwiftScanner.isPartOfWord) ?? false }

  /// None when a string, a comment, a regular expression or a string's `\( )` does not end.
  static func all(in text: String) -> [SwiftToken]? {
    var scanner = SwiftScanner(text)
    return scanner.scan(upToParenthesis: false) ? scanner.tokens : nil
  }
}

/// Reads a file from its first byte to its last.
struct SwiftScanner {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private(set) var tokens: [SwiftToken] = []

  init(_ text: String) { bytes = Array(text.utf8) }

  static func isPartOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "`"), 0x80...:
      true
    default: false
    }
  }

  /// What comments, strings and regular expressions begin with.
  private static let openers = Set("/\"#".utf8)
  private static let operators = Set("=-+!*/%<>&|^~?".utf8)
  private static let newline = UInt8(ascii: "\n")

  /// Reads all that is left; or, in a string's `\( )`, up to the parenthesis that closes it. False when it does not end.
  mutating func scan(upToParenthesis: Bool) -> Bool {
    var depth = 0
    while position < bytes.count {
      let start = position
      guard skipWhatIsNoCode() else { return false }
      guard position == start else { continue }
      let byte = bytes[position]
      if byte == UInt8(ascii: " ") || byte == Self.newline {
        advance()
      } else if Self.isPartOfWord(byte) {
        take(while: Self.isPartOfWord)
      } else if Self.operators.contains(byte) {
        take { Self.operators.contains($0) }
      } else {
        take(count: 1)
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") { depth -= 1 }
        if upToParenthesis, depth == 0 { return true }
      }
    }
    return !upToParenthesis
  }

  /// Skips a comment, a string or a regular expression that starts here. False when it does not end.
  private mutating func skipWhatIsNoCode() -> Bool {
    guard Self.openers.contains(bytes[position]) else { return true }
    if isNext("//") {
      while position < bytes.count, bytes[position] != Self.newline { position += 1 }
      return true
    }
    if isNext("/*") { return skipComment() }
    let hashes = bytes[position...].prefix { $0 == UInt8(ascii: "#") }.count
    let marks = String(repeating: "#", count: hashes)
    if isNext(marks + "\"\"\"") { return skipString(quote: "\"\"\"", marks: marks) }
    if isNext(marks + "\"") { return skipString(quote: "\"", marks: marks) }
    if hashes > 0, isNext(marks + "/") {
      advance(hashes + 1)
      return skip(past: "/" + marks)
    }
    if startsRegularExpression {
      advance()
      return skip(past: "/")
    }
    return true
  }

  /// Whether the `/` here opens a regular expression: an operand is due, and the expression ends on this line.
  private var startsRegularExpression: Bool {
    guard isNext("/"), !isNext("/ "), ["(", "[", "{", ",", ":", "="].contains(tokens.last?.text) else {
      return false
    }
    return bytes[(position + 1)...].prefix { $0 != Self.newline }.contains(UInt8(ascii: "/"))
  }

  /// Skips a comment between `/*` and `*/`, and the comments inside it.
  private mutating func skipComment() -> Bool {
    var depth = 0
    repeat {
      guard position < bytes.count else { return false }
      if isNext("/*") {
        depth += 1
        advance(2)
      } else if isNext("*/") {
        depth -= 1
        advance(2)
      } else {
        advance()
      }
    } while depth > 0
    return true
  }

  private mutating func skipString(quote: String, marks: String) -> Bool {
    let isOfOneLine = quote == "\""
    advance(marks.utf8.count + quote.utf8.count)
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\"") where isNext(quote + marks):
        advance(quote.utf8.count + marks.utf8.count)
        return true
      case UInt8(ascii: "\\") where isNext("\\" + marks + "("):
        advance(1 + marks.utf8.count)
        guard scan(upToParenthesis: true) else { return false }
      case UInt8(ascii: "\\") where isNext("\\" + marks): advance(2 + marks.utf8.count)
      case Self.newline where isOfOneLine: return false
      default: advance()
      }
    }
    return false
  }

  /// Skips up to and with `end`, of which an escaped one is no end.
  private mutating func skip(past end: String) -> Bool {
    while position < bytes.count {
      if isNext(end) {
        advance(end.utf8.count)
        return true
      }
      advance(isNext("\\") ? 2 : 1)
    }
    return false
  }

  private func isNext(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  private mutating func advance(_ count: Int = 1) {
    let end = min(position + count, bytes.count)
    while position < end {
      if bytes[position] == Self.newline { line += 1 }
      position += 1
    }
  }

  private mutating func take(while belongs: (UInt8) -> Bool) {
    var end = position
    while end < bytes.count, belongs(bytes[end]) { end += 1 }
    take(count: end - position)
  }

  private mutating func take(count: Int) {
    let text = String(decoding: bytes[position..<position + count], as: UTF8.self)
    tokens.append(SwiftToken(text: text, line: line))
    position += count
  }
}
