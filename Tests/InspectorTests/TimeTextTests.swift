import Inspector
import Testing

@Suite("Lengths of time in words")
struct TimeTextTests {
  @Test(
    "three significant digits and one unit, from a minute on two units",
    arguments: [
      (0, "0 ns"), (1, "1 ns"), (999, "999 ns"), (1_000, "1.00 µs"), (1_234, "1.23 µs"), (9_994, "9.99 µs"),
      (9_995, "10.0 µs"), (12_345, "12.3 µs"), (99_949, "99.9 µs"), (99_950, "100 µs"), (999_499, "999 µs"),
      (999_500, "1.00 ms"), (3_141_592, "3.14 ms"), (654_321_000, "654 ms"), (999_500_000, "1.00 s"),
      (2_500_000_000, "2.50 s"), (59_900_000_000, "59.9 s"), (59_950_000_000, "1m00s"),
      (60_000_000_000, "1m00s"), (754_300_000_000, "12m34s"), (3_599_000_000_000, "59m59s"),
      (3_600_000_000_000, "1h00m"), (86_399_000_000_000, "23h59m"), (86_400_000_000_000, "1d00h"),
      (273_600_000_000_000, "3d04h"), (UInt64.max, "213503d23h"),
    ] as [(UInt64, String)])
  func digits(_ nanoseconds: UInt64, _ text: String) {
    #expect(TimeText.short(nanoseconds) == text)
  }

  @Test("longer is never shown as shorter, and takes seven columns at most up to a thousand days")
  func order() {
    var last = 0.0
    var time: UInt64 = 1
    while time < 1000 * 86_400_000_000_000 {
      let text = TimeText.short(time)
      let value = Self.value(text)
      #expect(value >= last && text.unicodeScalars.count <= 7, "\(time) is \(text)")
      // Below a minute, the text is right to three digits.
      if time < 59_000_000_000 { #expect(abs(value - Double(time)) <= 0.005001 * Double(time)) }
      (last, time) = (value, time + max(1, time / 97))
    }
  }

  @Test("how long ago is told to the microsecond")
  func ago() {
    #expect(TimeText.ago(1_234_567_890) == "-1.234567 s" && TimeText.ago(999) == "-0 s")
    #expect(TimeText.ago(61_000_001_000) == "-61.000001 s")
  }

  /// The nanoseconds that a text says.
  private static func value(_ text: String) -> Double {
    let units = [(" ns", 1.0), (" µs", 1e3), (" ms", 1e6), (" s", 1e9)]
    for (unit, scale) in units where text.hasSuffix(unit) {
      return (Double(text.dropLast(unit.count)) ?? -1) * scale
    }
    let larger: [Character: Double] = ["s": 1e9, "m": 60e9, "h": 3600e9, "d": 86_400e9]
    var (sum, digits) = (0.0, "")
    for character in text {
      if let scale = larger[character] {
        sum += (Double(digits) ?? -1) * scale
        digits = ""
      } else {
        digits.append(character)
      }
    }
    return sum
  }
}
