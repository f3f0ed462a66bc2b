// Numbers as people read them on a dashboard: at most five characters, or all digits in groups of three. For
// times, see `TimeText`.

/// Formats of numbers.
enum Quantity {
  /// A number with three digits and a unit: `7`, `999`, `1.24k`, `12.4k`, `124k`, `1.24M`. At most five
  /// characters.
  static func compact(_ value: Double) -> String {
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

  static func compact(_ value: Int) -> String { compact(Double(value)) }
  static func compact(_ value: UInt64) -> String { compact(Double(value)) }

  /// A number with all its digits: `1,234,567`.
  static func grouped(_ value: UInt64) -> String {
    var result = ""
    for (index, digit) in String(value).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }

  static func grouped(_ value: Int) -> String {
    (value < 0 ? "-" : "") + grouped(UInt64(value.magnitude))
  }

  /// A share in per cent: `87%`. A share above zero is never shown as zero.
  static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "?" }
    if share > 0, share < 0.005 { return "<1%" }
    return "\(Int((min(share, 99) * 100).rounded()))%"
  }

  /// A number of bytes: `12.4 MB`. The units are powers of 1000.
  static func bytes(_ value: UInt64) -> String {
    let text = compact(value)
    guard let unit = text.last, unit.isLetter else { return text + " B" }
    return String(text.dropLast()) + " " + (unit == "k" ? "kB" : "\(unit)B")
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
