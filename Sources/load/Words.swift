// Numbers as text. Digits behind the last one that is shown are dropped, never rounded up.

/// A number with its digits in groups of three: `12,345`.
func grouped(_ number: Int) -> String {
  var (digits, result) = (Array(String(number.magnitude)), "")
  while digits.count > 3 {
    result = "," + String(digits.suffix(3)) + result
    digits.removeLast(3)
  }
  return (number < 0 ? "-" : "") + String(digits) + result
}

/// A number that is not negative, with `places` digits behind the point: `1,999.9`.
func decimal(_ number: Double, _ places: Int, grouped isGrouped: Bool = true) -> String {
  let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
  // A double is often a hair below the decimal number that it stands for: 0.29 * 100 is 28.999999999999996.
  let units = Int((number * Double(scale)).nextUp.rounded(.down))
  let fraction = String(units % scale)
  let zeros = String(repeating: "0", count: places - fraction.count)
  return (isGrouped ? grouped(units / scale) : "\(units / scale)") + "." + zeros + fraction
}

/// A length of time in nanoseconds: `213 µs`, `12.43 ms`, `1.204 s`.
func time(_ nanoseconds: UInt64) -> String {
  switch nanoseconds {
  case ..<1_000_000: "\(nanoseconds / 1000) µs"
  case ..<1_000_000_000: decimal(Double(nanoseconds) / 1e6, 2) + " ms"
  default: decimal(Double(nanoseconds) / 1e9, 3) + " s"
  }
}

/// A number of bytes: `812 B`, `1.5 MB`.
func bytes(_ count: Int) -> String {
  let units = ["kB", "MB", "GB", "TB"]
  guard count >= 1000 else { return "\(count) B" }
  var (value, unit) = (Double(count) / 1000, 0)
  while value >= 1000, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
  return decimal(value, 1) + " " + units[unit]
}
