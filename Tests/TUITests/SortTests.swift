// Sorted columns sort by the value that they show, not by its letters: 9 before 10, 1.00 ms after 999 µs.
import Foundation
import Inspector
import Testing

@testable import TUI

@Suite("Sorted columns")
struct SortTests {
  @Test("every column that can be sorted by puts its values in order", arguments: [false, true])
  func valuesAreInOrder(_ isInverted: Bool) {
    var frame = Fixtures.detailed(Fixtures.many(ps: 12), gs: 400)
    for index in frame.snapshot.ps.indices { frame.snapshot.ps[index].stealsIn = UInt64(index * index * 700) }
    frame.use = frame.snapshot.ps.map { p in
      let running = UInt64(p.id * 37 % 100)
      return PUse(running: running, calls: UInt64(p.id % 3), searching: 5, idle: 200 - running)
    }
    check(PsScreen.self, frame, isInverted)
    check(GsScreen.self, frame, isInverted)
    check(MsScreen.self, frame, isInverted)
    check(StealsScreen.self, frame, isInverted)
    check(NetpollScreen.self, frame, isInverted)
    check(TracerScreen.self, frame, isInverted)
    check(GroupsScreen.self, frame, isInverted, mode: .sites)
  }

  private func check<S: ListScreen>(_ type: S.Type, _ frame: Frame, _ isInverted: Bool, mode: GsMode = .list)
  {
    var state = AppState(size: Size(columns: 300, rows: 60), screen: S.id)
    (state.latest, state.gsMode) = (frame, mode)
    let columns = S(frame: frame, state: state).columns
    for column in columns where column.sort != nil {
      state.lists[S.id] = ListState(sort: column.title, isInverted: isInverted)
      let listing = ListView(S(frame: frame, state: state), state).listing
      let shown = (0..<listing.count).compactMap { place -> String? in
        guard case .text(let text) = column.cell(listing[place]) else { return nil }
        return text.spans.map(\.text).joined().trimmingBlanks
      }
      let isMissing: (String) -> Bool = { ["", "-", "·"].contains($0) }
      let values = shown.filter { !isMissing($0) }
      #expect(shown.dropFirst(values.count).allSatisfy(isMissing), "\(S.id) \(column.title): \(shown)")
      let numbers = values.compactMap(Self.number)
      if numbers.count == values.count {
        let isUp = column.isAscending != isInverted
        let isInOrder = zip(numbers, numbers.dropFirst()).allSatisfy { isUp ? $0 <= $1 : $0 >= $1 }
        #expect(isInOrder, "\(S.id) \(column.title): \(values)")
      } else {
        // Drop the state's letter, which stands before the state's word.
        let words = values.map { $0.dropFirst().first == " " ? String($0.dropFirst(2)) : $0 }
        let wrong = isInverted ? ComparisonResult.orderedAscending : .orderedDescending
        let isInOrder = zip(words, words.dropFirst()).allSatisfy {
          $0.compare($1, options: .numeric) != wrong
        }
        #expect(isInOrder, "\(S.id) \(column.title): \(values)")
      }
    }
  }

  @Test("numbers in words count by their value")
  func wordsWithNumbers() {
    let words = ["a10", "a9", "a009b", "b", "10.0.0.9:80", "10.0.0.10:9", "9.9.9.9:1", "", "a", "a9b"]
    let sorted = words.sorted(by: NaturalOrder.precedes)
    #expect(sorted == ["", "9.9.9.9:1", "10.0.0.9:80", "10.0.0.10:9", "a", "a9", "a009b", "a9b", "a10", "b"])
  }

  /// A cell's text as a number: `P12`, `87%`, `1.24k`, `3.14 ms`, `1,234`; nil: the text is a word.
  private static func number(_ text: String) -> Double? {
    if text == "<1%" { return 0.5 }
    var digits = text.filter { $0 != "," }
    if let first = digits.first, "GMP".contains(first), digits.count > 1 { digits.removeFirst() }
    let units: [(String, Double)] = [
      (" ns", 1), (" µs", 1e3), (" ms", 1e6), (" s", 1e9), ("%", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9),
    ]
    for (unit, scale) in units where digits.hasSuffix(unit) {
      return Double(digits.dropLast(unit.count)).map { $0 * scale }
    }
    if let number = Double(digits) { return number }
    let parts = digits.split { "dhms".contains($0) }.compactMap { Double($0) }
    guard parts.count == 2, digits.hasSuffix("s") || digits.hasSuffix("m") || digits.hasSuffix("h") else {
      return nil
    }
    let scale = digits.hasSuffix("s") ? 1e9 : digits.hasSuffix("m") ? 60e9 : 3600e9
    return parts[0] * scale * (digits.hasSuffix("h") ? 24 : 60) + parts[1] * scale
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
