// Counts, shares and sizes for people, in the one style of all screens, texts and answers. `TimeText` has lengths of time.

/// Puts numbers into words for people. May be called from any thread.
package enum Quantity {
  /// A number as three digits and a unit: `7`, `999`, `1.24k`, `12.4k`, `124k`, `1.24M`. At most five
  /// characters.
  package static func compact(_ value: Double) -> String {
    guard value.isFinite else { return "?" }
    if value < 0 { return "-" + compact(-value) }
    if value < 9.95 && value != value.rounded() { return decimals(value, 1) }
    if value < 999.5 { return decimals(value, 0) }
    for (unit, name) in [(1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P")] {
      let scaled = value / unit
      if scaled < 9.995 { return decimals(scaled, 2) + name }
      if scaled < 99.95 { return decimals(scaled, 1) + name }
      if scaled < 999.5 { return decimals(scaled, 0) + name }
    }
    return ">999P"
  }

  package static func compact(_ value: Int) -> String { compact(Double(value)) }
  package static func compact(_ value: UInt64) -> String { compact(Double(value)) }

  /// A number with all its digits, in groups of three: `1,234,567`.
  package static func grouped(_ value: UInt64) -> String { grouped(digits: String(value)) }

  package static func grouped(_ value: Int) -> String {
    (value < 0 ? "-" : "") + grouped(UInt64(value.magnitude))
  }

  fileprivate static func grouped(digits: String) -> String {
    if digits.utf8.count <= 3 { return digits }
    var result = ""
    for (index, digit) in digits.reversed().enumerated() {
      if index > 0 && index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }

  /// A share as text: `87%`. A share above zero is never shown as zero.
  package static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "?" }
    if share > 0, share < 0.005 { return "<1%" }
    return "\(Int((min(share, 99) * 100).rounded()))%"
  }

  /// The share that `part` is of `whole`, as text: `87%`; `?` if `whole` is 0.
  package static func percent(_ part: UInt64, of whole: UInt64) -> String {
    percent(Double(part) / Double(whole))
  }

  /// A size as text: `12.4 MB`. The units are powers of 1000.
  package static func bytes(_ value: UInt64) -> String {
    let text = compact(value)
    guard let unit = text.last, unit.isLetter else { return text + " B" }
    return String(text.dropLast()) + " " + (unit == "k" ? "kB" : "\(unit)B")
  }

  /// A number of times as text: `once`, `twice`, `3 times`, `1,234 times`.
  package static func times(_ number: some BinaryInteger) -> String {
    number == 1 ? "once" : number == 2 ? "twice" : counted(number, "time")
  }

  /// An ordinal number as text: `1st`, `12th`, `61st`.
  package static func ordinal(_ number: UInt64) -> String {
    let teen = (11...13).contains(number % 100)
    let ending =
      teen ? "th" : number % 10 == 1 ? "st" : number % 10 == 2 ? "nd" : number % 10 == 3 ? "rd" : "th"
    return "\(number)\(ending)"
  }

  private static func decimals(_ value: Double, _ places: Int) -> String {
    let factor = [1.0, 10.0, 100.0][places]
    let scaled = UInt64((value * factor).rounded())
    guard places > 0 else { return "\(scaled)" }
    let fraction = String(scaled % UInt64(factor))
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(scaled / UInt64(factor)).\(zeros)\(fraction)"
  }
}

/// A number of things, with all its digits: `1 G`, `12 Gs`, `1,234 Gs`.
package func counted(_ number: some BinaryInteger, _ noun: String) -> String {
  let digits = Quantity.grouped(digits: String(number.magnitude))
  return (number < 0 ? "-" : "") + digits + " " + noun + (number == 1 ? "" : "s")
}
