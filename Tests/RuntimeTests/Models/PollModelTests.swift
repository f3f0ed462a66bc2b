// Every interleaving of a G that waits for a descriptor with the news and the close that may come: no news is
// lost, no G is entered while it is on its stack, and each safeguard is needed.
import Testing

@Suite("Poll descriptor, all interleavings")
struct PollModelTests {
  @Test(
    "a G never waits beside data that was reported, nor in a closed descriptor", arguments: [true, false])
  func noNewsIsLost(closes: Bool) {
    let found = PollModel(flaw: nil, arrivals: 3, closes: closes).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 500)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard a G waits for ever, or runs on two threads", arguments: PollFlaw.allCases)
  func everySafeguardIsNeeded(flaw: PollFlaw) {
    let found = [false, true].map { PollModel(flaw: flaw, closes: $0).explore().flaw }

    #expect(found.contains { $0 != nil })
  }
}
