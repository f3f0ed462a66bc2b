// Writes the text formats of OpenMetrics 1.0 and Prometheus 0.0.4: families of samples, each with its
// meaning.
//
// The two differ in little. OpenMetrics states units, has a type for plain information, and names the family
// of a counter without `_total`. An OpenMetrics text ends with the line `# EOF`, from which a reader knows that
// nothing was cut off.
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

/// A text of metrics that grows from top to bottom.
struct MetricsText {
  /// The type of a family.
  enum Kind: String { case gauge, counter, info }

  /// One line of metrics: labels, and a value as it is printed.
  struct Sample {
    var labels: [(name: String, value: String)] = []
    var value: String

    init(_ value: some FixedWidthInteger, _ labels: (name: String, value: String)...) {
      (self.value, self.labels) = (String(value), labels)
    }

    /// Makes a sample of a known value; nil: the value is not known, so it has no sample.
    init?(known value: (some FixedWidthInteger)?, _ labels: (name: String, value: String)...) {
      guard let value else { return nil }
      (self.value, self.labels) = (String(value), labels)
    }

    /// A length of time. It is printed in seconds without rounding.
    init(nanoseconds: UInt64, _ labels: (name: String, value: String)...) {
      let fraction = String(nanoseconds % 1_000_000_000)
      let zeros = String(repeating: "0", count: 9 - fraction.count)
      (value, self.labels) = ("\(nanoseconds / 1_000_000_000).\(zeros)\(fraction)", labels)
    }
  }

  let form: MetricsForm
  private var text = ""

  init(_ form: MetricsForm) { self.form = form }

  /// The complete text. Use it when all families have been written.
  var finished: String { text + (form == .openMetrics ? "# EOF\n" : "") }

  /// Writes one family, or nothing if there are no samples. If there is a unit, `name` must end in it.
  mutating func family(
    _ name: String, _ kind: Kind, unit: String? = nil, _ help: String, _ samples: [Sample]
  ) {
    guard !samples.isEmpty else { return }
    let suffix =
      switch kind {
      case .gauge: ""
      case .counter: "_total"
      case .info: "_info"
      }
    let family = form == .openMetrics ? name : name + suffix
    let type = form == .prometheus && kind == .info ? Kind.gauge : kind
    text += "# HELP \(family) \(Self.escaped(help))\n# TYPE \(family) \(type.rawValue)\n"
    if form == .openMetrics, let unit { text += "# UNIT \(family) \(unit)\n" }
    for sample in samples {
      let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
      text += name + suffix + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
      text += " \(sample.value)\n"
    }
  }

  mutating func gauge(_ name: String, unit: String? = nil, _ help: String, _ samples: Sample?...) {
    family(name, .gauge, unit: unit, help, samples.compactMap { $0 })
  }

  mutating func counter(_ name: String, unit: String? = nil, _ help: String, _ samples: Sample?...) {
    family(name, .counter, unit: unit, help, samples.compactMap { $0 })
  }

  /// Escapes a text so that it stays on its line, and inside quotation marks.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars.prefix(256) {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
