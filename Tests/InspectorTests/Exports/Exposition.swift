// A page of metrics as a strict reader takes it: a parser of its own, which shares nothing with the writer.
import Testing

/// The samples of a page, and its families in their order.
struct Exposition {
  struct Sample: Equatable {
    var name: String
    var labels: [String: String]
    var value: String
    /// Labels, value and time of the exemplar; nil: there is none.
    var exemplar: (labels: [String: String], value: Double, time: Double)?

    static func == (a: Sample, b: Sample) -> Bool {
      a.name == b.name && a.labels == b.labels && a.value == b.value
    }
  }

  struct Broken: Error { let line: String }

  private(set) var samples: [Sample] = []
  /// The type of each family, by its name, in the order of the page.
  private(set) var families: [(name: String, type: String)] = []

  /// - Throws: if a line is none of the format, a family comes twice, a sample stands beside its family, or a series comes twice.
  init(_ text: String, isOpen: Bool) throws {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.popLast() == "" else { throw Broken(line: "the end") }
    if isOpen { guard lines.popLast() == "# EOF" else { throw Broken(line: "EOF") } }
    var (helped, seen): (Set<String>, Set<String>) = ([], [])
    for line in lines {
      if line.hasPrefix("# ") {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count == 4 else { throw Broken(line: line) }
        switch words[1] {
        case "HELP": guard helped.insert(words[2]).inserted else { throw Broken(line: line) }
        case "TYPE": families.append((words[2], words[3]))
        case "UNIT": guard isOpen, words[2].hasSuffix("_" + words[3]) else { throw Broken(line: line) }
        default: throw Broken(line: line)
        }
        continue
      }
      let sample = try Self.sample(line, isOpen: isOpen)
      guard let family = families.last, helped.contains(family.name),
        Self.names(of: family, isOpen: isOpen).contains(sample.name)
      else { throw Broken(line: line) }
      let series = sample.name + sample.labels.sorted { $0.key < $1.key }.description
      guard seen.insert(series).inserted else { throw Broken(line: line) }
      samples.append(sample)
    }
    guard Set(families.map(\.name)).count == families.count else { throw Broken(line: "a family twice") }
  }

  private static func names(of family: (name: String, type: String), isOpen: Bool) -> Set<String> {
    switch family.type {
    case "histogram": Set(["_bucket", "_sum", "_count"].map { family.name + $0 })
    case "counter": [isOpen ? family.name + "_total" : family.name]
    case "info": [family.name + "_info"]
    default: [family.name]
    }
  }

  private static func sample(_ line: String, isOpen: Bool) throws -> Sample {
    let whole = #/([a-z_]+)(?:\{(.*?)\})? (\S+)(?: # \{(.*)\} (\S+) (\S+))?/#
    guard let match = try? whole.wholeMatch(in: line) else { throw Broken(line: line) }
    guard Double(match.3) != nil || match.3 == "+Inf" else { throw Broken(line: line) }
    var sample = Sample(
      name: String(match.1), labels: try labels(match.2.map(String.init) ?? "", line), value: String(match.3))
    if let text = match.4, let value = match.5.flatMap({ Double($0) }),
      let time = match.6.flatMap({ Double($0) })
    {
      guard isOpen else { throw Broken(line: line) }
      sample.exemplar = (try labels(String(text), line), value, time)
    }
    return sample
  }

  private static func labels(_ text: String, _ line: String) throws -> [String: String] {
    var (labels, rest): ([String: String], Substring) = ([:], text[...])
    while !rest.isEmpty {
      guard let match = rest.prefixMatch(of: #/([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/#),
        labels.updateValue(Self.plain(match.2), forKey: String(match.1)) == nil
      else { throw Broken(line: line) }
      rest = rest[match.range.upperBound...]
    }
    return labels
  }

  private static func plain(_ escaped: Substring) -> String {
    var (text, isEscaped) = ("", false)
    for character in escaped {
      if isEscaped {
        text.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        text.append(character)
      }
    }
    return text
  }

  /// The value of the sample with this name and these labels, which must be one.
  func value(_ name: String, _ labels: [String: String] = [:]) -> String? {
    let found = samples.filter { sample in
      sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
    }
    return found.count == 1 ? found[0].value : nil
  }
}
