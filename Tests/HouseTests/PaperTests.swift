// What a joiner is given besides the code: the version, examples, findings.
import Foundation
import Testing

@Suite("Paper")
struct PaperTests {
  @Test("The newest version in the changelog is the one that mpgtop tells")
  func version() throws {
    let told = Repository.text("Sources/mpgtop/Options.swift").lines
      .compactMap { $0.firstMatch(of: #/version: "([^"]+)"/#).map { String($0.1) } }
    let listed = Repository.text("CHANGELOG.md").lines
      .compactMap { $0.firstMatch(of: #/^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$/#).map { String($0.1) } }
    #expect(told.count == 1 && told.first == listed.first)
    let parts = try #require(told.first).split(separator: ".", omittingEmptySubsequences: false)
    #expect(parts.count == 3 && parts.allSatisfy { Int($0) != nil })
  }

  @Test("The versions of formats in the changelog are those of the code")
  func formats() {
    let text = Repository.text("CHANGELOG.md").lines.joined(separator: "\n")
    func value(_ path: String, _ pattern: Regex<(Substring, Substring)>) -> String? {
      Repository.text(path).lines.lazy.compactMap { $0.firstMatch(of: pattern).map { String($0.1) } }.first
    }
    let region = value("Sources/Region/Layout.swift", #/let version: UInt64 = (\d+)/#)
    let recording = value("docs/recording.md", #/"MPGREC(\d+)\\n"/#)
    let json = value("docs/json.md", #/"schema":"(mpgtop\/\d+)"/#)
    #expect(region.map { text.contains("`version` \($0), in its header") } == true)
    #expect(recording.map { text.contains("| recordings | \($0), in the file's first line") } == true)
    #expect(json.map { text.contains("| `\($0)`, in each object's `schema`") } == true)
  }

  @Test("Every example is a page, says what it is for, and README tells what mpgtop shows of it")
  func examples() throws {
    // Snippets are pieces of the pages, and PageTests has them.
    let programs = Repository.files(in: ["examples"], endings: ["swift"])
      .filter { !$0.isIn("examples/snippets") }
    let readme = Repository.readme.lines.joined(separator: "\n")
    #expect(programs.count >= 4)
    for program in programs {
      // The last line ends with a line break, hence one more part than lines.
      #expect(program.lines.count - 1 <= 120 && program.lines.first?.hasPrefix("// ") == true, "\(program)")
      #expect(readme.contains("(\(program.path))"), "\(program)")
    }
  }

  @Test("Every finding is in the table of findings, and has the form that is asked for there")
  func findings() {
    let table = Repository.text("findings/README.md").lines.joined(separator: "\n")
    let scripts = Repository.files(in: ["findings"], endings: ["sh", "py"])
    #expect(!scripts.isEmpty)
    for script in scripts {
      let head = script.lines.prefix { $0.hasPrefix("#") }.joined(separator: "\n")
      #expect(table.contains("(\(script.path.split(separator: "/").last!))"), "\(script)")
      #expect(["Expected:", "Seen (", "Exit code 0"].allSatisfy(head.contains), "\(script)")
    }
  }
}
