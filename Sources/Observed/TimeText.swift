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
      // Round to hundredths, so that a value that is shown as 10.0 was at least 9.995.
      let hundredths = (nanoseconds + unit / 200) / (unit / 100)
      if hundredths < 1000 { return decimal(hundredths, 2) + name }
      let tenths = (nanoseconds + unit / 20) / (unit / 10)
      if tenths < 1000 { return decimal(tenths, 1) + name }
      let whole = (nanoseconds + unit / 2) / unit
      if whole < 1000 { return "\(whole)\(name)" }
    }
    return long(seconds: 60)
  }

  /// How long ago something was, as text to the microsecond, because people step over single events:
  /// `-1.234567 s`. Less than a microsecond is `-0 s`.
  public static func ago(_ nanoseconds: UInt64) -> String {
    let microseconds = nanoseconds / 1000
    guard microseconds > 0 else { return "-0 s" }
    return "-\(microseconds / 1_000_000).\(zeros(microseconds % 1_000_000, 6)) s"
  }

  /// How long before some moment something was, as text of three digits: `-12.3 ms`; `now` at the moment
  /// itself.
  public static func before(_ nanoseconds: UInt64) -> String {
    nanoseconds == 0 ? "now" : "-" + short(nanoseconds)
  }

  /// An offset with its sign, as text of three digits: `+12.4 µs`, `-3.10 s`, `0`.
  public static func signed(_ nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0" }
    return (nanoseconds < 0 ? "-" : "+") + short(nanoseconds.magnitude)
  }

  /// A length that a person has chosen, as exact text in one unit up to seconds, without superfluous digits:
  /// `10 ms`, `250 µs`, `1.5 ms`, `60 s`.
  public static func exact(_ nanoseconds: UInt64) -> String {
    for (unit, name) in units.reversed() where nanoseconds >= unit && nanoseconds % (unit / 1000) == 0 {
      let rest = nanoseconds % unit / (unit / 1000)
      var digits = rest == 0 ? "" : "." + zeros(rest, 3)
      while digits.hasSuffix("0") { digits.removeLast() }
      return "\(nanoseconds / unit)\(digits)\(name)"
    }
    return "\(nanoseconds) ns"
  }

  private static let units: [(unit: UInt64, name: String)] = [
    (1000, " µs"), (1_000_000, " ms"), (1_000_000_000, " s"),
  ]
  /// From this length on, a time is shown in minutes, because in seconds it would round to 60.0.
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
