import Inspector
import Testing

@testable import Observed

@Suite("Quantities and times in words")
struct QuantityTests {
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

  @Test(
    "numbers keep to five characters",
    arguments: [
      (0.0, "0"), (0.04, "0.0"), (0.4, "0.4"), (7, "7"), (9.96, "10"), (999, "999"), (999.6, "1.00k"),
      (1_234, "1.23k"),
      (9_999, "10.0k"), (12_345, "12.3k"), (99_960, "100k"), (123_456, "123k"), (999_600, "1.00M"),
      (2_140_000, "2.14M"), (1e9, "1.00G"), (1.8e19, ">999P"), (-1_234, "-1.23k"), (Double.nan, "?"),
    ])
  func compactNumbers(_ value: Double, _ text: String) {
    #expect(Quantity.compact(value) == text)
  }

  @Test("all digits stand in groups of three")
  func groupedNumbers() {
    #expect(Quantity.grouped(1_234_567) == "1,234,567" && Quantity.grouped(-12) == "-12")
    #expect(
      Quantity.grouped(999) == "999" && Quantity.grouped(1000) == "1,000"
        && Quantity.grouped(-1000) == "-1,000")
    #expect(Quantity.grouped(UInt64.max) == "18,446,744,073,709,551,615")
  }

  @Test("a share is in per cent, and no share above zero is shown as none")
  func shares() {
    #expect(
      Quantity.percent(0) == "0%" && Quantity.percent(0.001) == "<1%" && Quantity.percent(0.005) == "1%")
    #expect(
      Quantity.percent(0.874) == "87%" && Quantity.percent(1) == "100%" && Quantity.percent(12.5) == "1250%")
    #expect(
      Quantity.percent(.nan) == "?" && Quantity.percent(1, of: 8) == "13%"
        && Quantity.percent(3, of: 0) == "?")
  }

  @Test("sizes are in powers of a thousand")
  func sizes() {
    #expect(Quantity.bytes(999) == "999 B" && Quantity.bytes(12_400) == "12.4 kB")
    #expect(Quantity.bytes(31_800_000) == "31.8 MB" && Quantity.bytes(1_000_000_000) == "1.00 GB")
  }

  @Test("a number of things has its noun in the plural, but for one")
  func things() {
    #expect(counted(0, "G") == "0 Gs" && counted(1, "G") == "1 G" && counted(12_345, "G") == "12,345 Gs")
    #expect(counted(Int64(-1234), "look") == "-1,234 looks" && counted(UInt8(2), "step") == "2 steps")
    #expect(Quantity.times(0) == "0 times" && Quantity.times(1) == "once" && Quantity.times(2) == "twice")
    #expect(Quantity.times(3) == "3 times" && Quantity.times(1234) == "1,234 times")
    #expect(
      [1, 2, 3, 4, 11, 12, 13, 21, 61, 111, 122].map(Quantity.ordinal).joined(separator: " ")
        == "1st 2nd 3rd 4th 11th 12th 13th 21st 61st 111th 122nd")
  }

  @Test("a chosen length is told exactly, in one unit, without digits that say nothing")
  func exact() {
    let told: [(UInt64, String)] = [
      (0, "0 ns"), (999, "999 ns"), (1000, "1 µs"), (1001, "1.001 µs"), (250_000, "250 µs"),
      (1_500_000, "1.5 ms"),
      (10_000_000, "10 ms"), (10_000_001, "10000.001 µs"), (1_000_000_000, "1 s"), (60_000_000_000, "60 s"),
      (625_000, "625 µs"), (2_050_000_000, "2.05 s"),
    ]
    for (nanoseconds, text) in told { #expect(TimeText.exact(nanoseconds) == text) }
  }

  @Test("an offset has its sign, and what is before a moment its minus")
  func offsets() {
    #expect(TimeText.signed(12_400) == "+12.4 µs" && TimeText.signed(-3_100_000_000) == "-3.10 s")
    #expect(TimeText.signed(0) == "0" && TimeText.signed(.min) == "-106751d23h")
    #expect(TimeText.before(12_300_000) == "-12.3 ms" && TimeText.before(0) == "now")
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
