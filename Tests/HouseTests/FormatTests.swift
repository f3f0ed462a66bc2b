// Quantities and times are put into words in one place, so that the same value has the same words on every screen, in every
// text and in every answer.
import Testing

@Suite("Formats")
struct FormatTests {
  /// The files that may write units: the place itself.
  static let place = ["Sources/Observed/Quantity.swift", "Sources/Observed/TimeText.swift"]

  /// What comes out of Swift code that puts a unit behind a number by hand, or an s behind a noun.
  static var byHand: [(name: String, pattern: Regex<Substring>)] {
    [
      ("a unit behind a number", #/… ?(?:ns|µs|us|ms|kB|MB|GB|KiB|MiB|%)(?!\w)/#),
      ("seconds behind a number", #/… s(?!\w)/#),
    ]
  }

  /// Matches `count == 1 ? "" : "s"`.
  static var plural: Regex<Substring> { #/== 1 \? "" : "s"/# }

  /// Allowed literals. The value says what each is.
  static let allowed: [String: String] = [
    "SCHED …ms:": "the form of Go's schedtrace",
    "taking in     … ns an event: drained, compressed, kept": "a mean, to a tenth of a nanosecond",
    "taking out    … ns an event: unpacked, put in order, applied to the model": "the same",
  ]

  @Test("the search finds what is written by hand, and nothing else")
  func finds() {
    let bad = ["lasted … ms", "…ms", "…%", "… % of all", "… s ago", "… kB"]
    for text in bad { #expect(Self.byHand.contains { text.contains($0.pattern) }, "\(text)") }
    let good = ["in … the P", "…: … more", "… smaller", "…s", "for … so far", "100% begins to lose"]
    for text in good { #expect(!Self.byHand.contains { text.contains($0.pattern) }, "\(text)") }
    #expect(#"\(n) column\(n == 1 ? "" : "s")"#.contains(Self.plural))
  }

  @Test("no room, no screen and no command of mpgtop puts a unit behind a number by hand")
  func literals() {
    let rooms = ["Host", "Observed", "RegionSource", "History", "Insight", "Exports", "Inspector", "Lessons"]
    let files = Repository.swift.filter { file in
      (rooms + ["TUI", "mpgtop"]).contains { file.isIn("Sources/\($0)") } && !Self.place.contains(file.path)
    }
    let units = files.flatMap { file in
      Prose.literals(in: file).filter { literal in
        Self.byHand.contains { literal.text.contains($0.pattern) }
          && !Self.allowed.keys.contains { literal.text.hasPrefix($0) }
      }.map { "\(file.path):\($0.line): \($0.text)" }
    }
    #expect(units.isEmpty)
    let plurals = files.flatMap { file in
      file.numbered.filter { $0.text.contains(Self.plural) }.map {
        "\(file.path):\($0.number): \($0.text.trimmed)"
      }
    }
    #expect(plurals.isEmpty)
  }
}
