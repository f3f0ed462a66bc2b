// The event catalogue and its page in docs say the same.
import Region
import Testing

@Suite("Event catalogue")
struct EventTests {
  @Test("Every event has a row in docs/region.md", arguments: EventKind.allCases)
  func eventsAreDocumented(_ kind: EventKind) {
    let rows = Repository.text("docs/region.md").lines.filter { $0.hasPrefix("|") }
    #expect(rows.contains { $0.contains("`\(kind)`") || $0.contains("| \(kind) |") })
  }
}
