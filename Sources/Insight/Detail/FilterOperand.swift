// A value that a user typed into a filter: as text, and as the number that it may be.
//
// Numbers are read as screens print them: `1.24k`, `1,234`, `87%`, `<1%`, `P3`, `12.3µs`, `1m05s`. Such a
// number stands for all numbers that are printed like it. So it equals every value that differs from it by less
// than one in the last digit that was typed.
import History
import Observed

/// A value that a user typed into a filter.
struct FilterOperand: Sendable, Equatable {
  /// The number that a typed value stands for.
  struct Number: Sendable, Equatable {
    var value: Double
    /// How much the number grows when its last digit grows by one; 0: the number is exact.
    var digit = 0.0
    /// The letter before the number, in lower case: `p` in `P3`. It says what the number counts.
    var letter: UInt8?
    /// Whether the number was written as `<1%`. Then it equals everything above 0 and below `value`.
    var isLess = false

    func equals(_ other: Double) -> Bool {
      if isLess { return other > 0 && other < value }
      return digit == 0 ? other == value : abs(other - value) < digit
    }
  }

  /// The value as it was typed, in small letters.
  let text: [UInt8]
  /// The value as a number without a unit of time; nil: it is no such number.
  let count: Number?
  /// The value as a time, in nanoseconds; nil: it is no time.
  let time: Number?
  /// Whether the value is `-`, which stands for a field that has no value.
  var isNothing: Bool { text == [UInt8(ascii: "-")] }

  init(_ word: Substring) {
    text = word.utf8.map(Self.folded)
    var word = word
    let isLess = word.first == "<"
    if isLess || word.first == "+" { word = word.dropFirst() }
    (count, time) = (Self.count(word, isLess), Self.time(word, isLess))
  }

  /// The number that values of a field are compared with; nil: the operand is no number of the field's kind.
  func number(of field: FilterField) -> Number? { field.isTime ? time : count }

  /// The small letter of a capital ASCII letter; any other byte is unchanged.
  static func folded(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }

  // MARK: numbers

  private static let prefixes: [Character: Double] = ["k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12]

  private static func count(_ word: Substring, _ isLess: Bool) -> Number? {
    var digits = word
    var letter: UInt8?
    var scale = 1.0
    let isShare = digits.last == "%"
    if isShare { digits = digits.dropLast() }
    if let first = digits.first, first.isLetter, first.isASCII, digits.count > 1 {
      letter = first.asciiValue.map(folded)
      digits = digits.dropFirst()
    } else if let last = digits.last, let factor = prefixes[last] {
      (scale, digits) = (factor, digits.dropLast())
    }
    guard let (value, step) = plain(digits) else { return nil }
    let isRounded = isShare || scale > 1 || step < 1
    return Number(value: value * scale, digit: isRounded ? step * scale : 0, letter: letter, isLess: isLess)
  }

  /// Reads a number without a unit. `step` is how much the number grows when its last digit grows by one.
  private static func plain(_ word: Substring) -> (value: Double, step: Double)? {
    guard let first = word.first, first.isNumber || first == "." else { return nil }
    let groups = word.split(separator: ",", omittingEmptySubsequences: false)
    if groups.count > 1, !groups.dropFirst().allSatisfy({ $0.count == 3 }) { return nil }
    guard let value = Double(groups.joined()), value.isFinite, value >= 0 else { return nil }
    let fraction = word.firstIndex(of: ".").map { word.distance(from: $0, to: word.endIndex) - 1 } ?? 0
    return (value, fraction == 0 ? 1 : 1 / [10.0, 100, 1000][min(fraction, 3) - 1])
  }

  // MARK: times

  private static let units: [(name: String, scale: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86_400e9),
  ]

  /// The units that screens print with a blank before them.
  static let apart: Set<String> = ["ns", "us", "µs", "ms", "s"]

  private static func time(_ printed: Substring, _ isLess: Bool) -> Number? {
    let word = printed.filter { $0 != " " }[...]
    if let (value, step) = plain(word) {
      return Number(value: value * 1e9, digit: step * 1e9, isLess: isLess)
    }
    var (rest, sum, last) = (word, 0.0, Double.infinity)
    var digit = 0.0
    // In `1h02m` each unit must be smaller than the one before it.
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      let name = rest.dropFirst(digits.count).prefix { $0.isLetter }
      guard let unit = units.first(where: { $0.name == name }), unit.scale < last,
        let (value, step) = plain(digits)
      else { return nil }
      (sum, last, digit) = (sum + value * unit.scale, unit.scale, step * unit.scale)
      rest = rest.dropFirst(digits.count + name.count)
    }
    return word.isEmpty ? nil : Number(value: sum, digit: digit, isLess: isLess)
  }
}
