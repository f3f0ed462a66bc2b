// ARCHITECTURE has a table of places where protocols meet. Every test that the table names must exist.
import Testing

/// A test as the table names it: `` `PreemptionTests.swift` "what it says" ``.
struct NamedTest: Sendable, Hashable, CustomStringConvertible {
  let file: String
  let title: String
  var description: String { "\(file) \"\(title)\"" }

  static func all(in lines: [String]) -> [NamedTest] {
    lines.flatMap { $0.matches(of: #/`(\w+\.swift)` "([^"]+)"/#) }
      .map { NamedTest(file: String($0.1), title: String($0.2)) }
  }

  /// Whether one of the files has the named name and contains a test with the named title.
  func isFound(among files: [TextFile]) -> Bool {
    files.contains { file in
      file.path.hasSuffix("/\(self.file)")
        && file.lines.indices.contains { index in
          guard file.lines[index].contains("@Test(") else { return false }
          let declaration = file.lines[index...].prefix(2).joined(separator: " ")
          return declaration.contains(#/@Test\(\s*"([^"]+)"/#) && declaration.contains("\"\(title)\"")
        }
    }
  }
}

@Suite("Where protocols meet")
struct MeetingTests {
  static let heading = "## Where two protocols meet"
  /// The lines from the table's heading to the next heading.
  static let section = Repository.architecture.lines.drop { $0 != heading }.dropFirst()
    .prefix { !$0.hasPrefix("## ") }

  @Test("A test that is named is found by file and title, on one line or two, and no other is")
  func namesAreFollowed() {
    let file = TextFile(
      path: "Tests/A/SomeTests.swift",
      lines: [
        "  @Test(\"a thing holds\")", "  func f() {}",
        "  @Test(", "    \"another, in two lines\", arguments: [1])", "  // \"no test\"",
      ])
    let named = NamedTest.all(in: [
      "| x | `SomeTests.swift` \"a thing holds\"; `SomeTests.swift` \"another, in two lines\" |",
      "| y | `SomeTests.swift` \"no test\", `OtherTests.swift` \"a thing holds\" |",
    ])
    #expect(named.map { $0.isFound(among: [file]) } == [true, true, false, false])
  }

  @Test("Every test that the table names exists")
  func namedTestsExist() {
    let named = NamedTest.all(in: Array(Self.section))
    let tests = Repository.swift.filter { $0.isIn("Tests") }
    #expect(named.count >= 20)
    #expect(named.filter { !$0.isFound(among: tests) }.isEmpty)
  }

  @Test("Every row of the table names a test")
  func rowsHaveTests() {
    let rows = Self.section.filter {
      $0.hasPrefix("| ") && !$0.hasPrefix("| ---") && !$0.hasSuffix("| Looked at by |")
    }
    #expect(rows.count >= 20)
    #expect(rows.filter { NamedTest.all(in: [$0]).isEmpty }.isEmpty)
  }
}
