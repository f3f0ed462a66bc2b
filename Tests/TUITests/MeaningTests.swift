// One colour, one meaning: a state has the same role on every screen, and no two states share a colour.
import Region
import Testing

@testable import Insight
@testable import Inspector
@testable import Observed
@testable import TUI

@Suite("Meanings and colours")
struct MeaningTests {
  /// Roles that say nothing about a state: labels, titles, the selected row.
  private static let neutral: Set<Style> = [.dim, .faint, .strong, .heading, .key, .selected, .tab, .text]

  /// A scheduler in which every state occurs, for each screen.
  private static func everything() -> Frame {
    var frame = Fixtures.detailed(Fixtures.many(ps: 8))
    let statuses: [PStatus] = [.running, .syscall, .spinning, .idle, .running, .syscall, .spinning, .running]
    for index in frame.snapshot.ps.indices { frame.snapshot.ps[index].status = statuses[index] }
    frame.snapshot.ms = Fixtures.threads([.running, .syscall, .spinning, .preemptWait, .parked, .sysmon])
    (frame.snapshot.gs.syscall, frame.snapshot.gs.preempted) = (2, 1)
    let states: [GState] = [.running, .syscall, .runnable, .preempted, .waiting]
    for index in frame.detail.goroutines?.all.indices ?? 0..<0 {
      frame.detail.goroutines?.all[index].state = states[index % states.count]
    }
    frame.use = frame.snapshot.ps.map { _ in
      PUse(running: 400_000_000, calls: 100_000_000, searching: 400_000_000, idle: 100_000_000)
    }
    return frame
  }

  private static func canvas(_ screen: ScreenID, keys: [Key] = []) -> Canvas {
    var state = AppState(size: Size(columns: 200, rows: 60), screen: screen)
    state.isInteractive = true
    _ = state.update(.frame(everything()))
    for key in keys { _ = state.update(.input(.key(key))) }
    return Screen.draw(state)
  }

  /// The roles in which a word appears on a screen, without the neutral roles.
  private static func styles(of word: String, on screen: ScreenID) -> Set<Style> {
    let canvas = canvas(screen, keys: [.end])
    var found: Set<Style> = []
    let letters = Array(word.unicodeScalars)
    for y in 2..<canvas.size.rows - 1 {
      let row = Array(canvas.row(y))
      for x in 0..<row.count - letters.count
      where row[x..<x + letters.count].map(\.glyph) == letters
        && (x == 0 || !row[x - 1].glyph.properties.isAlphabetic)
        && !row[x + letters.count].glyph.properties.isAlphabetic
      {
        found.insert(row[x].style)
      }
    }
    return found.subtracting(neutral)
  }

  @Test(
    "a state has one colour on all screens",
    arguments: [
      ("syscall", Meaning.call), ("spinning", .searching), ("preempted", .preempted), ("running", .running),
      ("runnable", .ready), ("sysmon", .runtime), ("netpoll", .outside),
      ("goStart", .running), ("goReady", .ready), ("overflow", .wrong),
    ])
  func wordsHaveOneColour(_ word: String, _ meaning: Meaning) {
    let found = ScreenID.allCases.map { ($0, Self.styles(of: word, on: $0)) }

    #expect(found.allSatisfy { $0.1.isSubset(of: [meaning.style]) }, "\(word): \(found)")
    #expect(found.contains { !$0.1.isEmpty }, "\(word) is on no screen")
  }

  @Test(
    "a sign has the colour of its meaning in every bar and row of time",
    arguments: [Meaning.call, .searching, .runtime])
  func signsHaveOneColour(_ meaning: Meaning) {
    for screen in [ScreenID.ps, .ms, .timeline, .latency] {
      let canvas = Self.canvas(screen, keys: [.end])
      let sign = meaning.sign(.unicode)
      // Only rows of signs count, not the hyphen of a text.
      let cells = (2..<canvas.size.rows - 1).flatMap { y -> [Cell] in
        let row = Array(canvas.row(y))
        return (1..<row.count).filter { row[$0].glyph == sign && row[$0 - 1].glyph == sign }.map { row[$0] }
      }
      let styles = Set(cells.map(\.style)).subtracting([.selected])
      #expect(styles.isSubset(of: [meaning.style]), "\(screen), \(meaning): \(styles)")
    }
  }

  @Test("events are in the colour of what they lead to", arguments: EventKind.allCases)
  func eventsHaveMeanings(_ kind: EventKind) {
    let placed = PlacedRecord(
      record: Record(kind, time: 1, m: 1, g: 2, detail: 1), lane: .p(0), position: 0)
    let event = Event(
      placed, Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1), names: StringBook(),
      reasons: WaitReason.all)
    #expect(event.style == event.meaning.style)
    if kind == .goSyscall { #expect(event.meaning == .call) }
    if kind == .goPreempt { #expect(event.meaning == .preempted) }
  }

  @Test("no two meanings look alike where there are colours", arguments: ThemeName.allCases)
  func meaningsDiffer(_ name: ThemeName) {
    for colors in [8, 16, 256] where name != .mono {
      let theme = Theme(colors: colors, name: name)
      let meanings = Meaning.allCases.filter { colors >= 256 || $0 != .idle }
      for (index, meaning) in meanings.enumerated() {
        for other in meanings.dropFirst(index + 1) {
          #expect(
            theme.paint(meaning.style) != theme.paint(other.style),
            "\(name), \(colors) colours: \(meaning) and \(other)")
        }
      }
    }
  }

  @Test("no two meanings have one sign", arguments: [Glyphs.unicode, .ascii])
  func signsDiffer(_ glyphs: Glyphs) {
    let signs = Meaning.allCases.map { $0.sign(glyphs) }
    #expect(Set(signs).count == signs.count)
  }
}
