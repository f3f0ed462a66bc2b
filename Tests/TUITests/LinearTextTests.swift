import Inspector
import Region
import Testing

@testable import TUI

@Suite("Linear text")
struct LinearTextTests {
  @Test("the first frame is told whole, the next only where it differs")
  func onlyChangesAreTold() {
    var text = LinearText()
    let first = text.lines(Fixtures.calm())
    #expect(first.contains("target: mpg-demo, process 4242") && first.contains("Gs: about 500"))
    #expect(first.contains("waiting, netpoll: about 500") && first.contains("P0: running, queue short"))
    #expect(text.lines(Fixtures.calm()) == [])

    var frame = Fixtures.calm()
    frame.snapshot.ps[1].status = .idle
    frame.snapshot.gs.waiting[.netpollRead] = 503
    #expect(text.lines(frame) == ["P1: idle, queue empty"])
    frame.snapshot.gs.waiting[.netpollRead] = nil
    frame.snapshot.gs.waiting[.netpollWrite] = nil
    #expect(text.lines(frame) == ["waiting, netpoll: none"])
    #expect(text.lines(Fixtures.ended()).contains("state: ended, killed by signal 9"))
  }

  @Test("what is said once and gone is said again when it comes again")
  func whatComesAgainIsToldAgain() {
    var text = LinearText()
    _ = text.lines(Fixtures.calm())
    func warnings(_ lines: [String]) -> [String] { lines.filter { $0.hasPrefix("warning") } }
    let warned = warnings(text.lines(Fixtures.detailed()))
    #expect(warned.contains { $0.hasPrefix("warning, hog: G216860") })
    _ = text.lines(Fixtures.calm())
    #expect(warnings(text.lines(Fixtures.detailed())) == warned)
  }

  @Test("names of others cannot steer a terminal")
  func namesAreClean() {
    var frame = Fixtures.calm()
    frame.snapshot.target.name = "evil\u{1B}[2J"
    var text = LinearText()
    #expect(text.lines(frame).allSatisfy { !$0.unicodeScalars.contains { $0.value < 32 } })
  }

  @Test("the manual names every key of the table")
  func manualIsComplete() {
    let lines = Manual.sections.flatMap(\.keys).map(\.keys)
    for group in ActionTable.all { #expect(lines.contains(group.keyNames)) }
  }
}
