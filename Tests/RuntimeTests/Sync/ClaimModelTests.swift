// Explores every interleaving of a G whose waits several sides may end with these sides. Each wait is ended
// once, by one side, and every safeguard of the protocol is needed.
import Testing

@Suite("Claims, all interleavings")
struct ClaimModelTests {
  @Test(
    "a wait that several may end is ended once, and its G is made ready once", arguments: [true, false],
    [true, false])
  func waitsEndOnce(cancels: Bool, hasTimers: Bool) {
    let found = ClaimModel(flaw: nil, cancels: cancels, hasTimers: hasTimers, sends: 3).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 100)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard a G sleeps on, or runs on two threads", arguments: ClaimFlaw.allCases)
  func everySafeguardIsNeeded(flaw: ClaimFlaw) {
    let found = [false, true].map { ClaimModel(flaw: flaw, hasTimers: $0).explore().flaw }

    #expect(found.contains { $0 != nil })
  }
}
