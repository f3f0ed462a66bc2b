// Two traces or recordings side by side: what took how long in each, with what changed most first.
//
// §1 What a change is. Each kind of stretch, such as `run delay`, has two numbers on each side: the part of each second
// that it takes, summed over all Gs, and the 99th percentile of its length, if both sides have enough stretches for
// one. The change of a number is the ratio of both sides, the larger by the smaller, as a power of two. The change of
// the kind is the larger of its two.
//
// §2 Little things. A time that grows from 3 to 30 µs of each second has changed tenfold, but that does not matter to
// anybody. So a small amount is added to both sides before they are compared.
import Insight
import Observed

/// Two traces or recordings, compared.
public struct Comparison: Sendable {
  /// One kind of stretch.
  public struct Row: Sendable {
    /// The kind of the stretches: `run delay`, `waiting: chan receive`.
    public let name: String
    /// The lengths of the stretches on each side; nil: that side has none.
    public let a, b: SpanHistogram?
    /// How much the kind changed, as a power of two: 1 for twice or half as much. See §1.
    public let change: Double
  }

  /// The two sides that are compared.
  public let a, b: Distributions
  /// All kinds of stretches that at least one side has; what changed most stands first.
  public let rows: [Row]

  /// With fewer stretches than this there is no 99th percentile.
  private static let fewest: UInt64 = 20
  /// What is added to times of a second, and to percentiles, in nanoseconds (§2).
  private static let (littleTime, littleLength) = (100_000.0, 10_000.0)

  /// Compares two traces or recordings.
  public init(_ a: Distributions, _ b: Distributions) {
    (self.a, self.b) = (a, b)
    let names = Set(a.histograms.keys).union(b.histograms.keys)
    rows = names.map { name in
      let (one, other) = (a.histograms[name], b.histograms[name])
      let times = (one.map(a.timePerSecond) ?? 0, other.map(b.timePerSecond) ?? 0)
      var change = Self.power(times.0, times.1, Self.littleTime)
      if let one, let other, min(one.count, other.count) >= Self.fewest {
        let lengths = (Double(one.percentile(99)), Double(other.percentile(99)))
        change = max(change, Self.power(lengths.0, lengths.1, Self.littleLength))
      }
      return Row(name: name, a: one, b: other, change: change)
    }.sorted { ($1.change, $0.name) < ($0.change, $1.name) }
  }

  /// Returns the ratio of two numbers, the larger by the smaller, as a power of two; `little` is added to both first.
  private static func power(_ a: Double, _ b: Double, _ little: Double) -> Double {
    var (low, high, power) = (min(a, b) + little, max(a, b) + little, 0.0)
    while high >= 2 * low, power < 60 { (low, power) = (low * 2, power + 1) }
    // Between two powers a straight line is near enough to put rows in order.
    return power + (high / low - 1)
  }
}

extension Comparison {
  /// The comparison as lines for people.
  public var lines: [String] {
    var lines = [Self.head("a", a), Self.head("b", b)]
    for (name, one) in [("a", a), ("b", b)] {
      for sentence in one.damage { lines.append("   \(name): \(sentence)") }
      if one.missing > 0 { lines.append("   \(name): \(counted(one.missing, "event")) missing") }
    }
    lines += ["", "  " + Self.cells(["per s", "time/s", "p50", "p99", "max"])]
    for row in rows {
      lines.append(row.name + Self.verdict(row, self))
      lines.append("a " + Self.cells(Self.numbers(row.a, a)))
      lines.append("b " + Self.cells(Self.numbers(row.b, b)))
    }
    return lines
  }

  private static func head(_ letter: String, _ one: Distributions) -> String {
    "\(letter): \(TimeText.short(one.duration)), \(counted(one.events, "event")): \(one.name)"
  }

  private static func cells(_ cells: [String]) -> String {
    cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }

  private static func numbers(_ histogram: SpanHistogram?, _ one: Distributions) -> [String] {
    guard let histogram else { return Array(repeating: "-", count: 5) }
    return [
      Quantity.compact(one.perSecond(histogram)),
      TimeText.short(UInt64(one.timePerSecond(histogram).rounded())),
      TimeText.short(histogram.percentile(50)), TimeText.short(histogram.percentile(99)),
      TimeText.short(histogram.longest),
    ]
  }

  /// What changed, in words behind a row's name.
  private static func verdict(_ row: Row, _ all: Comparison) -> String {
    guard let a = row.a else { return ": only in b" }
    guard let b = row.b else { return ": only in a" }
    let ratios = [
      ("per s", all.a.perSecond(a), all.b.perSecond(b)),
      ("time/s", all.a.timePerSecond(a), all.b.timePerSecond(b)),
      ("p50", Double(a.percentile(50)), Double(b.percentile(50))),
      ("p99", Double(a.percentile(99)), Double(b.percentile(99))),
      ("max", Double(a.longest), Double(b.longest)),
    ]
    let words = ratios.compactMap { name, one, other -> String? in
      guard one > 0, other > 0, max(one, other) / min(one, other) >= 1.1 else { return nil }
      return "\(name) x" + ratio(other / one)
    }
    return words.isEmpty ? ": much the same" : ": " + words.joined(separator: ", ")
  }

  /// A ratio in two or three digits: `12`, `3.4`, `0.29`.
  private static func ratio(_ value: Double) -> String {
    guard value < 1 else { return Quantity.compact(value) }
    let hundredths = Int((value * 100).rounded())
    return hundredths == 0
      ? "0.00" : hundredths == 100 ? "1" : "0." + (hundredths < 10 ? "0" : "") + "\(hundredths)"
  }
}
