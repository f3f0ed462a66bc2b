// The Date field (RFC 9110 §5.6.7), computed once a second.

/// Formats seconds since 1970 as `Sun, 06 Nov 1994 08:49:37 GMT`, and keeps the last text for the rest of its second.
struct HTTPDate {
  private var second = Int.min
  private var text = ""

  mutating func at(_ second: Int) -> String {
    if second != self.second {
      self.second = second
      text = Self.format(second)
    }
    return text
  }

  static func format(_ second: Int) -> String {
    let days = second / 86_400
    let (year, month, day) = civil(fromDays: days)
    let rest = second % 86_400
    let time = "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
    // 1 January 1970 was a Thursday, which has index 4.
    return "\(weekdays[(days + 4) % 7]), \(two(day)) \(months[month - 1]) \(year) \(time) GMT"
  }

  /// Year, month and day of the proleptic Gregorian calendar, for days since 1970. Years are counted from 1 March, so that the
  /// leap day is the last day of a year; and in eras of 400 years, each of which has 146,097 days.
  private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
