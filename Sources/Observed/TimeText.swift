// Lengths of time for people, in the one style of all screens, texts and answers.

/// Puts lengths of time into words for people. May be called from any thread.
public enum TimeText {
  /// A length of time in three significant digits and one unit; from a minute on, the two largest units: `740 ns`,
  /// `12.4 µs`, `3.14 ms`, `59.5 s`, `12m34s`, `1h02m`, `3d04h`. The text takes at most seven columns for lengths
  /// below a thousand days.
  public static func short(_ nanoseconds: UInt64) -> String {
    if nanoseconds < 1000 { return "\(nanoseconds) ns" }
    if nanoseconds >= minute { return long(seconds: max(60, nanoseconds / 1_000_000_000)) }
    for (unit, name) in units {
      // Rounded to hundredths, so that what is shown as 10.0 was at least 9.995.
      let hundredths = (nanoseconds + unit / 200) / (unit / 100)
      if hundredths < 1000 { return decimal(hundredths, 2) + name }
      let tenths = (nanoseconds + unit / 20) / (unit / 10)
      if tenths < 1000 { return decimal(tenths, 1) + name }
      let whole = (nanoseconds + unit / 2) / unit
      if whole < 1000 { return "\(whole)\(name)" }
    }
    return long(seconds: 60)
  }

  /// How long ago something was, to the microsecond, because people step over single events: `-1.234567 s`. Less than a
  /// microsecond is `-0 s`.
  public static func ago(_ nanoseconds: UInt64) -> String {
    let microseconds = nanoseconds / 1000
    guard microseconds > 0 else { return "-0 s" }
    return "-\(microseconds / 1_000_000).\(zeros(microseconds % 1_000_000, 6)) s"
  }

  private static let units: [(unit: UInt64, name: String)] = [
    (1000, " µs"), (1_000_000, " ms"), (1_000_000_000, " s"),
  ]
  /// From here on a time is shown in minutes, because in seconds it would round to 60.0.
  private static let minute: UInt64 = 59_950_000_000

  private static func long(seconds: UInt64) -> String {
    switch seconds {
    case ..<3600: "\(seconds / 60)m\(zeros(seconds % 60, 2))s"
    case ..<86_400: "\(seconds / 3600)h\(zeros(seconds / 60 % 60, 2))m"
    default: "\(seconds / 86_400)d\(zeros(seconds / 3600 % 24, 2))h"
    }
  }

  private static func decimal(_ value: UInt64, _ places: Int) -> String {
    let factor: UInt64 = places == 2 ? 100 : 10
    return "\(value / factor).\(zeros(value % factor, places))"
  }

  private static func zeros(_ value: UInt64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// A number with its noun, which is in the plural unless the number is 1: `1 G`, `12 Gs`.
package func counted(_ number: some BinaryInteger, _ noun: String) -> String {
  "\(number) \(noun)" + (number == 1 ? "" : "s")
}
