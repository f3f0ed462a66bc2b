// docs/words.md is the one page of words. It contains every word that the screens show, and the sentences use
// none of the words that it forbids.
import Foundation
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import TUI

/// The page of words: the cells of its tables.
private struct WordPage {
  /// The words in the column Screens, by heading.
  var screens: [String: Set<String>] = [:]
  /// The words in the first column (`words`) and in the column JSON (`json`).
  var words: Set<String> = []
  var json: Set<String> = []
  var forbidden: [String] = []

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

  init() throws {
    let text = try String(contentsOf: Self.root.appending(path: "docs/words.md"), encoding: .utf8)
    var heading = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("#") { heading = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces) }
      guard line.hasPrefix("|"), !line.hasPrefix("|-") else { continue }
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map(String.init)
      if heading == "Words that are not used" {
        forbidden += Self.quoted(cells[0])
      } else if cells.count >= 4 {
        words.formUnion(cells[0].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
        screens[heading, default: []].formUnion(Self.quoted(cells[1]))
        json.formUnion(Self.quoted(cells[2]))
      }
    }
  }

  private static func quoted(_ cell: String) -> [String] {
    cell.matches(of: #/`([^`]+)`/#).map { String($0.1) }
  }

  /// All source files that contain text for people.
  static func sources() throws -> [(path: String, lines: [String])] {
    try ["Inspector", "TUI", "mpgtop"].flatMap { target in
      let folder = root.appending(path: "Sources/\(target)")
      return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
        $0.hasSuffix(".swift")
      }.map {
        let text = try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
        return ("\(target)/\($0)", text.components(separatedBy: "\n"))
      }
    }
  }
}

@Suite("Words")
struct WordTests {
  private let page: WordPage

  init() throws { page = try WordPage() }

  private func missing(_ shown: [String], under heading: String) -> [String] {
    shown.filter { !page.screens[heading, default: []].contains($0) }
  }

  @Test("every state of a G, a P and an M is shown by a word of the page, and by that alone")
  func states() {
    let gs = GState.allCases.map(\.word) + WaitReason.allCases.map(\.word)
    var snapshot = Snapshot.Gs()
    (snapshot.preempted, snapshot.syscall) = (1, 1)
    let shares = snapshot.shares(always: WaitGroupName.allCases).flatMap { [$0.word, $0.shortWord] }
    let known = missing(gs + shares, under: "What a G is doing")
    // The group `netpoll` (`net`) is left out: on the page, that word stands in another table's row.
    #expect(known.filter { !["netpoll", "net"].contains($0) } == [])
    #expect(missing(PStatus.allCases.map(\.word), under: "What a P is doing") == [])
    #expect(missing(MState.allCases.map(\.word), under: "What an M is doing") == [])
    // No two states share a word.
    for words in [GState.allCases.map(\.word), PStatus.allCases.map(\.word), MState.allCases.map(\.word)] {
      #expect(Set(words).count == words.count)
    }
  }

  @Test("the help's glossary has words of the page only")
  func glossary() {
    let shown = Set(page.screens.values.flatMap { $0 }).union(page.words)
    #expect(HelpOverlay.glossary.map(\.0).filter { !shown.contains($0) } == [])
  }

  @Test("what JSON calls the states is in the page as well")
  func json() {
    let same = Set(page.screens.values.flatMap { $0 }).union(page.json)
    let names =
      GState.allCases.map { "\($0)" } + PStatus.allCases.map { "\($0)" } + MState.allCases.map { "\($0)" }
      + WaitReason.allCases.map { "\($0)" } + WaitGroupName.allCases.map(\.rawValue)
    #expect(names.filter { !same.contains($0) } == [])
    let pressure = ["calm", "avoidable", "searching", "saturated"]
    #expect(pressure.allSatisfy { page.json.contains("\($0)_ns") })
  }

  @Test("what each kind of event is called leads to a word of the page")
  func events() {
    // The stem of each event's text: the verb for what happened.
    let stems: [EventKind: String] = [
      .goCreate: "create", .goPark: "park", .goReady: "ready", .goYield: "yield", .goPreempt: "preempt",
      .goSyscall: "call", .goSyscallExit: "call", .steal: "steal", .overflow: "spill", .netpoll: "poll",
      .mWake: "wake", .mSpin: "search", .procStop: "let go", .retake: "retake", .lend: "lend",
      .shortage: "shortage",
      .mPark: "parked",
    ]
    #expect(stems.values.filter { !page.words.contains($0) } == [])
  }

  @Test("words that the page does not allow are in no sentence")
  func forbidden() throws {
    #expect(page.forbidden.count > 10)
    // The lines that explain a forbidden word, and so contain it.
    let explained = ["A G was made to stop while others waited"]
    var wrong: [String] = []
    for (path, lines) in try WordPage.sources() {
      for (number, line) in lines.enumerated()
      where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
        for literal in line.matches(of: #/"((?:[^"\\]|\\.)*)"/#).map({ String($0.1).lowercased() }) {
          let said = page.forbidden.filter { literal.contains($0.lowercased()) }
          if said.isEmpty || explained.contains(where: { literal.contains($0.lowercased()) }) { continue }
          wrong.append("\(path):\(number + 1): \(said): \(literal)")
        }
      }
    }
    #expect(wrong.isEmpty)
  }
}
