// How many bytes a second may be sent. Gauges go first and are sent in any case; events get what is left.

/// A budget that fills with time, and runs into debt when gauges alone need more than there is.
struct RateBudget {
  /// How many bytes a second may be sent.
  let rate: Int
  private var left: Double
  private var last: UInt64
  /// How many bytes a record took on the wire lately.
  private var perRecord = 5.0

  /// At most what the rate allows in this time, in nanoseconds, is saved up. A packet that uses all of it
  /// is on its way for as long, and what comes after the packet has to wait.
  private static let reach: UInt64 = 250_000_000

  init(rate: Int, at now: UInt64) { (self.rate, last, left) = (rate, now, 0) }

  /// How many records may be sent now.
  mutating func records(at now: UInt64) -> Int {
    let most = Double(rate) * Double(Self.reach) / 1e9
    left = min(most, left + Double(rate) * Double(now &- last) / 1e9)
    last = now
    return left > 0 ? Int(left / perRecord) : 0
  }

  /// Notes that a packet of `bytes` was sent, with so many records.
  mutating func spend(_ bytes: Int, records: Int) {
    left -= Double(bytes)
    if records > 256 { perRecord = perRecord * 0.7 + 0.3 * Double(bytes) / Double(records) }
  }
}
