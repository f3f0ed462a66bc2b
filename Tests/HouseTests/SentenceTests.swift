// No sentence contains a number of the scheduler's rules. The runtime defines these numbers
// (RuleNumbers.swift), the region publishes them, and sentences insert them from there. A number that is
// written into a sentence would be wrong as soon as the rule changes.
import Region
import Testing

/// The text that people read: a file's string literals without their interpolations, and a document's prose.
enum Prose {
  /// The literals on one line, and the lines of literals that span several.
  static func literals(in file: TextFile) -> [(line: Int, text: String)] {
    var isLong = false
    return file.numbered.flatMap { number, text -> [(line: Int, text: String)] in
      if text.trimmed.hasPrefix("//") { return [] }
      if text.contains("\"\"\"") {
        isLong.toggle()
        return []
      }
      if isLong { return [(number, text)] }
      return text.matches(of: #/"((?:[^"\\]|\\.)*)"/#).map { (number, withoutInterpolation(String($0.1))) }
    }
  }

  /// Replaces interpolations: `for \\(time) so far` becomes `for … so far`.
  private static func withoutInterpolation(_ text: String) -> String {
    var (result, depth, last) = ("", 0, Character(" "))
    for character in text {
      if depth == 0, character == "(", last == "\\" {
        result.removeLast()
        (result, depth) = (result + "…", 1)
      } else if depth > 0 {
        depth += character == "(" ? 1 : character == ")" ? -1 : 0
      } else {
        result.append(character)
      }
      last = character
    }
    return result
  }

  /// The lines outside of pictures and examples.
  static func prose(of document: TextFile) -> [(line: Int, text: String)] {
    var isCode = false
    return document.numbered.compactMap { number, text in
      if text.hasPrefix("```") { isCode.toggle() }
      return isCode || text.hasPrefix("    ") ? nil : (number, text)
    }
  }
}

@Suite("Sentences")
struct SentenceTests {
  /// Matches times and sizes that the scheduler's rules have, in figures and in words.
  static var number: Regex<Substring> {
    #/\b(?:(?:0[.,]\d+|[1-9][\d,.]*) ?(?:ns|µs|us|ms)\b|(?:a|one|two|ten|half a) (?:milli|micro|nano)seconds?\b|256\b|61st\b|quarter of a)/#
  }

  /// Allowed numbers: they belong to this tool or to an example. The value says what each is.
  static let allowed: [String: String] = [
    "reason:netpoll age>100ms site~about p:1 by:7 !state:running": "a filter",
    "words, reason:netpoll age>100ms site~about p:1 by:7 !state:running": "a filter",
    "back/forth: an event, 100 ms": "a key of mpgtop's", "100 ms back": "the same",
    "100 ms forth": "the same",
    ">100ms": "an example of a filter or a trigger", "TERM=xterm-256color": "a terminal",
  ]

  @Test("the search finds numbers, in figures and in words, and nothing in what is interpolated")
  func finds() {
    let bad = [
      "after 10 ms", "for 0.25 ms", "over a millisecond", "a quarter of a turn", "256 at most", "every 61st",
    ]
    #expect(bad.allSatisfy { $0.contains(Self.number) })
    #expect(!"microseconds for … and 3 Gs, v1256".contains(Self.number))
    let file = TextFile(path: "a.swift", lines: ["// 10 ms", "let a = \"b \\(c) d\" + \"10 ms\""])
    #expect(Prose.literals(in: file).map(\.text) == ["b … d", "10 ms"])
  }

  @Test("no literal of the inspector's rooms, the TUI or mpgtop has a number of a rule")
  func literals() {
    let rooms = ["Host", "Observed", "RegionSource", "History", "Insight", "Exports", "Inspector"]
    let files = Repository.swift.filter { file in
      (rooms + ["TUI", "mpgtop"]).contains { file.isIn("Sources/\($0)") }
    }
    let wrong = files.flatMap { file in
      Prose.literals(in: file).filter { literal in
        literal.text.contains(Self.number) && !Self.allowed.keys.contains { literal.text.contains($0) }
      }.map { "\(file.path):\($0.line): \($0.text)" }
    }
    #expect(wrong.isEmpty)
  }

  @Test("no document that explains the screens has one either")
  func documents() {
    let names = ["causes", "field-guide", "screens", "mpgtop", "json", "words"]
    let rule =
      #/\b(?:10 ?ms|1 ?ms|250 ?µs|a quarter of a millisecond|(?:over|more than|after) (?:a|one) millisecond|256 (?:Gs|slots)|61st)/#
    let wrong = names.map { Repository.text("docs/\($0).md") }.flatMap { document in
      Prose.prose(of: document).filter { $0.text.contains(rule) }.map {
        "\(document.path):\($0.line): \($0.text)"
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test("the runtime's rules have their numbers from one place, and every one of them is told")
  func onePlace() {
    let place = Repository.text("Sources/Runtime/Scheduler/RuleNumbers.swift").lines.joined(separator: "\n")
    for number in RuleNumber.allCases { #expect(place.contains("case .\(number):"), "\(number)") }
    let files = Repository.swift.filter { $0.isIn("Sources/Runtime") && $0.stem != "RuleNumbers" }
    let wrong = files.flatMap { file in
      file.numbered.filter { line in
        let code = line.text.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
        return code.contains(#/(?:slice|grain|lateness|backstop) *(?::[^=]*)?= *[^=].*\d_000/#)
          || code.contains("% 61")
      }.map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(wrong.isEmpty)
  }
}
