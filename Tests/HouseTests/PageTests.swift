// Every code block of the libraries' pages is compiled and run, and does what the page says.
import Foundation
import TestSupport
import Testing

@Suite("Pages")
struct PageTests {
  static let snippets = "\(Built.folder)/snippets"

  static func pages() throws -> [Page] {
    Page.articles + (try DocCommentTests.modules.flatMap(Page.comments))
  }

  @Test("a block that is no snippet, and a snippet that is on no page, are found")
  func finds() {
    let file = TextFile(
      path: "a.swift",
      lines: [
        "// snippet.one", "import MPG", "", "// snippet.hide", "func f() {", "  // snippet.show", "  go {",
        "    g()",
        "  }", "  // snippet.end", "}",
      ])
    let snippets = Snippet.all(in: file)
    #expect(snippets.map(\.name) == ["one"] && snippets.map(\.text) == ["import MPG\n\ngo {\n  g()\n}"])
    let page = Page(
      "a.md",
      ["```swift"] + snippets[0].text.components(separatedBy: "\n") + ["```", "", "```text", "1", "```"]
        + [
          "", "```swift", "go {}", "```", "```json", "{}", "```", "```text", "2", "```", "", "    let x = 1",
        ])
    #expect(page.strangers(Set(snippets.map(\.text))).map(\.text) == ["go {}", "{}", "2"])
    #expect(page.outputs.map(\.output) == ["1\n", nil] && page.indented == [23])
  }

  @Test("a file that a page names exists")
  func namedFiles() {
    let code = Set(Repository.swift.map { $0.stem + ".swift" })
    let named = Repository.files(in: ["Sources"], endings: ["md"]).flatMap { page in
      page.lines.flatMap { $0.matches(of: #/`([\w\/-]+\.(?:md|swift)|(?:docs|examples|Sources)\/[\w\/]+)`/#) }
        .map { (page: page.path, file: String($0.1)) }
    }
    #expect(named.count > 5)
    let missing = named.filter { _, file in
      let path = Repository.root.appending(path: file).path
      return !code.contains(file) && !FileManager.default.fileExists(atPath: path)
    }
    #expect(missing.map { "\($0.page): \($0.file)" } == [])
  }

  @Test("every block of a page, and of a doc comment, is a snippet that is compiled")
  func compiled() throws {
    let (pages, known) = (try Self.pages(), Set(Snippet.all.map(\.text)))
    #expect(Page.articles.count > 8 && Snippet.all.count > 25)
    #expect(pages.flatMap { $0.strangers(known) }.isEmpty)
    #expect(pages.flatMap { page in page.indented.map { "\(page):\($0) is code by indentation" } }.isEmpty)
  }

  @Test("every snippet is on a page, has a name of its own, and is one that the program knows")
  func shown() throws {
    let shown = Set(try Self.pages().flatMap(\.blocks).filter { $0.language == "swift" }.map(\.text))
    #expect(Snippet.all.filter { !shown.contains($0.text) }.isEmpty)
    let names = Snippet.all.map(\.name).sorted()
    #expect(Set(names).count == names.count)
    guard !hasThreadSanitizer else { return }
    let listed = try Program.run(Command(Self.snippets))
    #expect(listed.output.split(separator: "\n").map(String.init) == names)
  }

  @Test("every snippet does what its page shows", .disabled(if: hasThreadSanitizer))
  func runs() throws {
    let outputs = try Self.pages().flatMap { page in
      page.outputs.map { (block: $0.block, output: $0.output ?? (page.isArticle ? "" : nil)) }
    }
    for snippet in Snippet.all {
      let regions = try TemporaryFolder()
      let result = try Program.run(
        Command(Self.snippets, snippet.name, environment: ["XDG_RUNTIME_DIR": regions.path]))
      #expect(result.ending == .code(0) && result.errors == "", "\(snippet): \(result)")
      for (block, output) in outputs where block.text == snippet.text {
        if let output { #expect(result.output == output, "\(block)") }
      }
    }
  }

  @Test("every command of a page works on a program that runs", .disabled(if: hasThreadSanitizer))
  func commands() throws {
    let regions = try TemporaryFolder()
    let path = "\(Built.folder):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
    let environment: [String: String?] = ["XDG_RUNTIME_DIR": regions.path, "PATH": path]
    let watched = try Program(Command(Self.snippets, "being-watched", environment: environment))
    try eventually("a program to watch; it said: \(watched.errors)") {
      try Program.run(Command(Built.mpgtop, "-b", "-n", "1", environment: environment)).ending == .code(0)
    }
    let blocks = try Self.pages().flatMap(\.blocks).filter { $0.language == "sh" }
    #expect(!blocks.isEmpty)
    for line in blocks.flatMap(\.lines) {
      let result = try Program.run(Command("/bin/sh", "-euc", line, environment: environment))
      #expect(result.ending == .code(0) && result.output != "", "\(line): \(result)")
    }
  }

  @Test("the pages are made without a warning: every link leads somewhere")
  func made() throws {
    let folder = try TemporaryFolder()
    let made = try Program.run(
      Command("\(Built.repository)/scripts/docs.sh", Built.folder, "\(folder.path)/docs"))
    #expect(made.ending == .code(0), "\(made.errors)\(made.output)")
    for page in ["mpg", "mpg/firstgoroutine", "inspector", "inspector/lookback", "net", "http/mux"] {
      let path = "\(folder.path)/docs/documentation/\(page)/index.html"
      #expect(FileManager.default.fileExists(atPath: path), "\(page)")
    }
  }
}
