// Writes the text formats of OpenMetrics 1.0 and Prometheus 0.0.4: families of samples, each with its
// meaning.
//
// The two differ in little. OpenMetrics states units, has a type for plain information, and names the family
// of a counter without `_total`. An OpenMetrics text ends with the line `# EOF`, from which a reader knows that
// nothing was cut off. Only OpenMetrics knows exemplars: one of the things that were counted, beside the count.
//
// Both forms want all samples of a family together, below the one HELP and TYPE of the family. Several targets write
// into one text, one after the other. So each family collects its lines, and the families are put together at the end.
import Insight

/// The two text formats that a scraper may ask for.
public enum MetricsForm: Sendable, CaseIterable {
  /// OpenMetrics 1.0, and the older format of Prometheus, 0.0.4.
  case openMetrics, prometheus

  /// The format as the header `Content-Type` names it.
  public var contentType: String {
    switch self {
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    }
  }

  /// Whether a media range of the header `Accept` includes this format.
  private func matches(_ range: Substring) -> Bool {
    switch self {
    case .openMetrics: range == "application/openmetrics-text" || range == "application/*"
    case .prometheus: ["text/plain", "text/*", "*/*"].contains(range)
    }
  }

  /// Chooses the format that the header `Accept` prefers: `prometheus` if it prefers neither.
  public init(accept: String) {
    var quality: [MetricsForm: Double] = [:]
    for range in accept.lowercased().prefix(1024).split(separator: ",") {
      let words = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }[...] }
      guard let type = words.first else { continue }
      let weight = words.first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      for form in Self.allCases where form.matches(type) {
        quality[form] = max(quality[form] ?? 0, min(1, max(0, weight)))
      }
    }
    self = quality[.openMetrics] ?? 0 > quality[.prometheus] ?? 0 ? .openMetrics : .prometheus
  }
}

/// A text of metrics, to which targets add their samples one after the other.
struct MetricsText {
  /// The type of a family.
  enum Kind: String { case gauge, counter, info, histogram }

  typealias Label = (name: String, value: String)

  /// One of the things that a sample counts, given as an example.
  struct Exemplar {
    var labels: [Label]
    /// Its value, as it is printed.
    var value: String
    /// The time at which the exemplar was counted, in seconds since 1970, as it is printed.
    var time: String

    /// The most characters that names and values of an exemplar's labels may have together.
    static let most = 128
  }

  /// One line of metrics: labels, and a value as it is printed.
  struct Sample {
    /// What follows the family's name: `_bucket`, `_sum` or `_count` of a histogram.
    var suffix = ""
    var labels: [Label] = []
    var value: String
    var exemplar: Exemplar?

    init(_ value: some FixedWidthInteger, _ labels: Label...) {
      (self.value, self.labels) = (String(value), labels)
    }

    /// Makes a sample of a known value; nil: the value is not known, so it has no sample.
    init?(known value: (some FixedWidthInteger)?, _ labels: Label...) {
      guard let value else { return nil }
      (self.value, self.labels) = (String(value), labels)
    }

    /// A length of time. It is printed in seconds without rounding.
    init(nanoseconds: UInt64, _ labels: Label...) {
      (value, self.labels) = (MetricsText.seconds(nanoseconds), labels)
    }

    /// A length of time, if it is known.
    init?(known nanoseconds: UInt64?, inSeconds: Void, _ labels: Label...) {
      guard let nanoseconds else { return nil }
      (value, self.labels) = (MetricsText.seconds(nanoseconds), labels)
    }

    /// A sample whose value is printed already.
    init(printed value: String, suffix: String = "", _ labels: Label..., exemplar: Exemplar? = nil) {
      (self.value, self.suffix, self.labels, self.exemplar) = (value, suffix, labels, exemplar)
    }
  }

  private struct Family {
    let head: String
    var lines = ""
  }

  let form: MetricsForm
  /// The labels with which each sample begins that is added from now on, as they are printed.
  private var base = ""
  private var families: [Family] = []
  private var places: [String: Int] = [:]

  init(_ form: MetricsForm) { self.form = form }

  /// Begins the samples of another target: each gets these labels before its own.
  mutating func begin(_ labels: [Label]) { base = Self.printed(labels) }

  /// The complete text. Use it when all families have been written.
  var finished: String {
    families.map { $0.head + $0.lines }.joined() + (form == .openMetrics ? "# EOF\n" : "")
  }

  /// Adds samples to a family, or nothing if there are none. If there is a unit, `name` must end in it.
  mutating func family(
    _ name: String, _ kind: Kind, unit: String? = nil, _ help: String, _ samples: [Sample]
  ) {
    guard !samples.isEmpty else { return }
    let suffix =
      switch kind {
      case .gauge, .histogram: ""
      case .counter: "_total"
      case .info: "_info"
      }
    var lines = ""
    for sample in samples {
      let own = Self.printed(sample.labels)
      let labels = base.isEmpty || own.isEmpty ? base + own : base + "," + own
      lines += name + suffix + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(sample.value)"
      if form == .openMetrics, let exemplar = sample.exemplar { lines += Self.printed(exemplar) }
      lines += "\n"
    }
    families[place(of: name, suffix, kind, unit, help)].lines += lines
  }

  private mutating func place(
    of name: String, _ suffix: String, _ kind: Kind, _ unit: String?, _ help: String
  ) -> Int {
    if let place = places[name] { return place }
    let family = form == .openMetrics ? name : name + suffix
    let type = form == .prometheus && kind == .info ? Kind.gauge : kind
    var head = "# HELP \(family) \(Self.escaped(help))\n# TYPE \(family) \(type.rawValue)\n"
    if form == .openMetrics, let unit { head += "# UNIT \(family) \(unit)\n" }
    families.append(Family(head: head))
    places[name] = families.count - 1
    return families.count - 1
  }

  mutating func gauge(_ name: String, unit: String? = nil, _ help: String, _ samples: Sample?...) {
    family(name, .gauge, unit: unit, help, samples.compactMap { $0 })
  }

  mutating func counter(_ name: String, unit: String? = nil, _ help: String, _ samples: Sample?...) {
    family(name, .counter, unit: unit, help, samples.compactMap { $0 })
  }

  /// A length of time in seconds, without rounding.
  static func seconds(_ nanoseconds: UInt64) -> String {
    let fraction = String(nanoseconds % 1_000_000_000)
    return "\(nanoseconds / 1_000_000_000).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
  }

  private static func printed(_ labels: [Label]) -> String {
    labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
  }

  /// Returns an exemplar as it is printed. Labels are cut where all of them together exceed `Exemplar.most` characters.
  private static func printed(_ exemplar: Exemplar) -> String {
    var (labels, room) = (exemplar.labels, Exemplar.most)
    for index in labels.indices {
      room -= labels[index].name.unicodeScalars.count
      let value = labels[index].value.unicodeScalars.prefix(max(0, room))
      labels[index].value = String(String.UnicodeScalarView(value))
      room -= value.count
    }
    return " # {\(printed(labels))} \(exemplar.value) \(exemplar.time)"
  }

  /// The most characters of a label's value.
  static let longestLabel = 256

  /// Escapes a text so that it stays on its line, and inside quotation marks. Other control characters, which some readers
  /// take for an end, are replaced.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars.prefix(longestLabel) {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
