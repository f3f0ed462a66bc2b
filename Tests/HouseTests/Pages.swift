// The pages of the libraries (DocC catalogues, and doc comments), their code blocks, and the snippets that these must be.
import Foundation

/// A fenced block of a page.
struct PageCode: Sendable, CustomStringConvertible {
  let page: String
  let line: Int
  let language: String
  let lines: [String]
  var text: String { lines.joined(separator: "\n") }
  var description: String { "\(page):\(line) (\(language)): \(lines.first ?? "")" }
}

/// A page of Markdown.
struct Page: Sendable, CustomStringConvertible {
  let name: String
  /// Whether it is a page of a catalogue, which shows all that its blocks print; a doc comment may leave that out.
  var isArticle: Bool { name.hasSuffix(".md") }
  let blocks: [PageCode]
  /// Numbers of lines that are code by their indentation alone: no language, and easily overlooked.
  let indented: [Int]
  var description: String { name }

  init(_ name: String, _ lines: [String]) {
    self.name = name
    var (blocks, indented) = ([PageCode](), [Int]())
    var open: (line: Int, language: String, lines: [String])?
    for (index, line) in lines.enumerated() {
      if line.trimmed.hasPrefix("```") {
        if let block = open {
          blocks.append(
            PageCode(page: name, line: block.line, language: block.language, lines: block.lines))
          open = nil
        } else {
          open = (index + 1, line.trimmed.replacing("```", with: ""), [])
        }
      } else if open != nil {
        open?.lines.append(line)
      } else if line.hasPrefix("    "), index > 0, lines[index - 1].trimmed.isEmpty {
        indented.append(index + 1)
      }
    }
    (self.blocks, self.indented) = (blocks, indented)
  }

  /// Every page of every catalogue.
  static let articles = Repository.files(in: ["Sources"], endings: ["md"]).filter {
    $0.path.contains(".docc/")
  }
  .map { Page($0.path, $0.lines) }

  /// The doc comments of a module's own.
  static func comments(of module: String) throws -> [Page] {
    try SymbolGraph.symbols(of: module).filter(\.isOwnComment).map { Page("\($0)", $0.comment ?? []) }
  }

  /// Each of its Swift blocks, with the `text` behind it, which is what it prints; nil where there is none.
  var outputs: [(block: PageCode, output: String?)] {
    blocks.indices.filter { blocks[$0].language == "swift" }.map { index in
      let next = blocks.indices.contains(index + 1) ? blocks[index + 1] : nil
      return (blocks[index], next.flatMap { $0.language == "text" ? $0.text + "\n" : nil })
    }
  }

  /// Blocks that are nothing that a test can hold against a program, with `snippets` as the known code.
  func strangers(_ snippets: Set<String>) -> [PageCode] {
    blocks.indices.filter { index in
      switch blocks[index].language {
      case "swift": !snippets.contains(blocks[index].text)
      case "text": index == 0 || blocks[index - 1].language != "swift"
      case "sh": false
      default: true
      }
    }.map { blocks[$0] }
  }
}

/// A piece of examples/snippets, as pages show it.
struct Snippet: Sendable, CustomStringConvertible {
  let name: String
  let text: String
  var description: String { name }

  static let all = Repository.files(in: ["examples/snippets"], endings: ["swift"]).flatMap(all(in:))

  /// The snippets of a file: see examples/snippets/main.swift for the marks.
  static func all(in file: TextFile) -> [Snippet] {
    var found: [Snippet] = []
    var (name, shown, piece): (String?, [String], [String]?) = (nil, [], nil)
    for line in file.lines {
      guard let mark = line.trimmed.wholeMatch(of: #/\/\/ snippet\.(\w+)/#)?.1 else {
        piece?.append(line)
        continue
      }
      shown += Self.withoutIndentation(piece ?? [])
      piece = nil
      switch mark {
      case "hide": break
      case "show": piece = []
      case "end":
        if let name { found.append(Snippet(name: name, text: trimmed(shown))) }
        (name, shown) = (nil, [])
      default: (name, shown, piece) = (String(mark), [], [])
      }
    }
    return found
  }

  private static func withoutIndentation(_ lines: [String]) -> [String] {
    let depth = lines.filter { !$0.trimmed.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(depth)) }
  }

  /// Without empty lines at both ends.
  private static func trimmed(_ lines: [String]) -> String {
    lines.joined(separator: "\n").trimmingCharacters(in: .newlines)
  }
}
