// Rooms below the TUI know no keys and no screens: they name a subject (`SeeAlso`), and the TUI leads there.
import Testing

@Suite("Names of keys")
struct KeyNameTests {
  /// The rooms of the inspector, and what lies below them.
  static let rooms = [
    "Region", "Host", "Observed", "RegionSource", "History", "Insight", "Exports", "Inspector",
    "Lessons",
  ]

  /// Signs that a literal tells a person which key to press or which screen to look at. A screen is named by its digit:
  /// before a verb, before "then", or after "screen". A key is named by a word that only keyboards have, as a letter that
  /// stands alone with what it is pressed on or how often, after "press", or in quotes. The filter's key stands before a
  /// filter.
  ///
  /// What this cannot see is a name that is put together from parts: `"scr" + "een"`, or a digit that is interpolated.
  static var signs: [(name: String, pattern: Regex<Substring>)] {
    [
      (
        "a screen's digit with a verb",
        #/(?:^|[ (])[0-9] (?:shows?|tells?|explains?|lists?|groups?|says?)\b/#
      ),
      ("a screen's digit and a next key", #/(?:^|[ (])[0-9], (?:then|[a-zA-Z]\b)/#),
      ("a screen by its digit", #/\b[Ss]creens? (?:[0-9]|…)/#),
      (
        "a word that only keyboards have",
        #/\b(?:Esc|Enter|Tab|PgUp|PgDn|Backspace|Ctrl-.|Shift-.|F[1-9][0-2]?)\b/#
      ),
      ("the word press", #/\b[Pp]ress(?:es|ed|ing)?\b/#),
      ("the word key", #/\b(?:the|a|this) keys?\b/#),
      ("a letter pressed on something", #/(?:^|[ (])[b-z?] on (?:a|an|one|any|each|it|the|them)\b/#),
      ("a letter pressed more than once", #/(?:^|[ (])[a-zA-Z] (?:twice|again|three times)\b/#),
      ("a letter as the next step", #/\b(?:then|with) [b-zB-FHJ-LN-OQ-Z?:\/](?=[ .,;:)]|$)/#),
      ("a letter in quotes", #/['`‘][a-zA-Z?:\/]['`’]/#),
      ("the filter's key", #/(?:^|[ (])\/ [a-z]+[:=<>~]/#),
    ]
  }

  private func sign(in text: String) -> String? { Self.signs.first { text.contains($0.pattern) }?.name }

  @Test("the signs are found where there are any, and nowhere else")
  func finds() {
    let bad = [
      "9, then / kind:goPreempt, shows which", "8, j j and x the longest",
      "2 shows the queues, 5 who steals", "3, then o twice, who is spawned.",
      "4 shows which Ms, and their time", "6 shows them by socket",
      "x on one says what ends that wait.", "Screen 3 with o groups them", "… and 2 more Ps: screen 2",
      "grouped by place; Enter, then x on one.", "press x for more", "the key x explains it",
      "Esc calls it off", "then / reason:sleep", "'x' explains it", "filter with / or search with F3",
      "o twice",
    ]
    for text in bad { #expect(sign(in: text) != nil, "\(text)") }
    let good = [
      "Gs that wait for sleep", "P0 runs G4 on M2, for 3 ms so far", "2 looks found something",
      "no process 4; mpgtop -l lists what there is", "3 Gs, then 4 more", "/proc/4/stat: errno 2",
      "a G on the LRQ", "Pressure of 4 Ps", "the last 3.1 s: 12 Gs created", "it had to queue with P",
      "taken by P", "version 2, this build reads 1 and 2",
    ]
    for text in good { #expect(sign(in: text) == nil, "\(text): \(sign(in: text) ?? "")") }
  }

  @Test("no literal below the TUI names a key or a screen")
  func literals() {
    let files = Repository.swift.filter { file in Self.rooms.contains { file.isIn("Sources/\($0)") } }
    #expect(files.count > 100, "the rooms are where they are looked for")
    let wrong = files.flatMap { file in
      Prose.literals(in: file).compactMap { literal in
        sign(in: literal.text).map { "\(file.path):\(literal.line): \($0): \(literal.text)" }
      }
    }
    #expect(wrong.isEmpty)
  }
}
