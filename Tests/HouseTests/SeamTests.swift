// The seam: above it nobody asks which kind of source there is, only whether a fact is there (SchedulerSource.swift).
import Testing

@Suite("Seam")
struct SeamTests {
  /// Where the kinds of sources are at home: their own files, the place that lists them, and the value that names them for people.
  private static let homes = [
    "Sources/RegionSource", "Sources/History/Recording", "Sources/Inspector/SourceKinds.swift",
    "Sources/Insight/Frame/Past.swift",
  ]

  /// Whether a line of code asks which kind of source something is.
  static func asksForTheKind(_ line: String) -> Bool {
    guard !line.trimmed.hasPrefix("//") else { return false }
    // `\b` takes `past.origin` for one word, so what stands before a name is told by hand.
    let kinds = #/(?:^|\W)(?:as[?!]?|is)\s+(?:LiveRegion|DeadRegion|RecordingSource|Inspector)(?:\W|$)/#
    let switches = #/(?:^|\W)switch\s+(?:\w+[.?]+)*(?:source|origin)(?:\W|$)/#
    let origins = #/(?:^|\W)origin\s*(?:==|!=|\?\?)/#
    return line.contains(kinds) || line.contains(switches) || line.contains(origins)
  }

  @Test("A question for the kind of a source is found in its forms")
  func forms() {
    #expect(Self.asksForTheKind("    switch source {"))
    #expect(Self.asksForTheKind("    switch frame.past?.origin ?? .live {"))
    #expect(Self.asksForTheKind("    if past.origin == .live {"))
    #expect(Self.asksForTheKind("  let region = source as? LiveRegion"))
    #expect(Self.asksForTheKind("  // switch source") == false)
    #expect(Self.asksForTheKind("    guard player.hasEvents else { return }") == false)
  }

  @Test("Above the seam nobody asks for the kind of a source")
  func nobodyAsks() {
    let above = Repository.swift.filter { file in
      file.isIn("Sources") && !Self.homes.contains { file.path.hasPrefix($0) }
    }
    let wrong = above.flatMap { file in
      file.numbered.filter { Self.asksForTheKind($0.text) }
        .map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(wrong.isEmpty)
  }
}
