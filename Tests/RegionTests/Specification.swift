// docs/region.md as data: its tables by heading, so that tests can hold it and the code together.
import Foundation

/// The page, cut into sections; in each, the cells of its tables' rows, without the marks of code.
struct Specification {
  /// Rows by heading (`Block \`p\`` has the heading `Block p`), table heads and rules left out.
  private(set) var rows: [String: [[String]]] = [:]
  /// Lines of fenced code blocks, by heading.
  private(set) var code: [String: [String]] = [:]

  static let shared = Specification(
    text: (try? String(contentsOf: Self.file, encoding: .utf8)) ?? "")

  private static let file = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/region.md")

  init(text: String) {
    var heading = ""
    var isCode = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isCode.toggle()
      } else if isCode {
        code[heading, default: []].append(String(line))
      } else if line.hasPrefix("#") {
        heading = Self.plain(line.drop { $0 == "#" })
      } else if line.hasPrefix("|"), !line.hasPrefix("|-") {
        rows[heading, default: []].append(Self.cells(line))
      }
    }
  }

  /// The rows of the table under `heading` whose head starts with `column`.
  func table(_ heading: String, startingWith column: String) -> [[String]] {
    let all = rows[heading] ?? []
    guard let head = all.firstIndex(where: { $0.first == column }) else { return [] }
    return Array(all[(head + 1)...].prefix { $0.count == all[head].count })
  }

  private static func cells(_ line: Substring) -> [String] {
    line.replacing("\\|", with: "¦").split(separator: "|").map { plain($0).replacing("¦", with: "|") }
  }

  private static func plain(_ text: Substring) -> String {
    text.replacing("`", with: "").trimmingCharacters(in: .whitespaces)
  }
}
