// Writes JSON. This is just enough of an encoder to keep keys in the order in which they are written.

/// A JSON text that grows from left to right.
package struct JSONText {
  /// The text so far.
  package private(set) var text = ""

  package init() {}
  /// Whether a comma must come before the next value or key.
  private var needsComma = false

  /// Writes an object. `members` writes its members.
  package mutating func object(_ members: (inout JSONText) -> Void) { enclosed("{", "}", members) }
  /// Writes an array. `elements` writes its elements.
  package mutating func array(_ elements: (inout JSONText) -> Void) { enclosed("[", "]", elements) }

  private mutating func enclosed(_ open: String, _ close: String, _ body: (inout JSONText) -> Void) {
    separate()
    text += open
    needsComma = false
    body(&self)
    text += close
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text += "," }
    needsComma = true
  }

  /// Writes the name of a member. The value must be written next.
  package mutating func key(_ name: String) {
    value(name)
    text += ":"
    needsComma = false
  }

  /// Writes a whole number.
  package mutating func value(_ number: some FixedWidthInteger) {
    separate()
    text += String(number)
  }

  /// Writes `true` or `false`.
  package mutating func value(_ truth: Bool) {
    separate()
    text += truth ? "true" : "false"
  }

  /// Writes a rounded number, or `null` if it is not finite, because JSON has no such numbers.
  package mutating func value(_ number: Double, decimals: Int = 1) {
    separate()
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    let rounded = (number * scale).rounded() / scale
    text += rounded.isFinite ? "\(rounded)" : "null"
  }

  /// Writes a string in quotation marks.
  package mutating func value(_ string: String) {
    separate()
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{0}"..<"\u{20}", "\u{7f}":
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// Writes a value that is JSON already.
  mutating func json(_ value: String) {
    separate()
    text += value
  }

  /// Writes `null`.
  package mutating func null() {
    separate()
    text += "null"
  }

  package mutating func member(_ name: String, _ number: some FixedWidthInteger) {
    key(name)
    value(number)
  }

  package mutating func member(_ name: String, _ number: (some FixedWidthInteger)?) {
    key(name)
    if let number { value(number) } else { null() }
  }

  package mutating func member(_ name: String, _ truth: Bool) {
    key(name)
    value(truth)
  }

  package mutating func member(_ name: String, _ truth: Bool?) {
    key(name)
    if let truth { value(truth) } else { null() }
  }

  package mutating func member(_ name: String, _ number: Double?) {
    key(name)
    if let number { value(number) } else { null() }
  }

  package mutating func member(_ name: String, _ string: String?) {
    key(name)
    if let string { value(string) } else { null() }
  }

  package mutating func member(_ name: String, object members: (inout JSONText) -> Void) {
    key(name)
    object(members)
  }

  package mutating func member(_ name: String, array elements: (inout JSONText) -> Void) {
    key(name)
    array(elements)
  }
}
