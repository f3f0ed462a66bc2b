// docs/region.md as data: its tables by heading, so that tests can compare them with the code.
import Foundation

/// The page, cut into sections. Each section has the cells of its tables' rows, without the backticks of
/// code.
struct Specification {
  /// The tables' rows by heading, without table heads and rules. The heading `Block \`p\`` is written as
  /// `Block p`.
  private(set) var rows: [String: [[String]]] = [:]
  /// The lines of fenced code blocks, by heading.
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

  /// The rows of the table under `heading` whose first column is named `column`.
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
