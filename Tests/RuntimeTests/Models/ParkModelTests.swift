// Explores every interleaving of a G that parks with the wakers that make it ready and with the Ms that it
// leaves and that enter it. The G is entered by one M at a time, and every safeguard is needed.
import Testing

@Suite("Park and ready, all interleavings")
struct ParkModelTests {
  @Test("a G is entered only off its stack, and no wake-up is lost", arguments: [1, 2, 3], [1, 2, 3])
  func noWakeUpIsLost(wakers: Int, ms: Int) {
    for rests in [false, true] {
      let found = ParkModel(flaw: nil, wakers: wakers, ms: ms, rests: rests).explore()

      #expect(found.flaw == nil)
      #expect(found.states > 30)
      #expect(found.atRest > 0)
    }
  }

  @Test("without any one safeguard it is on two stacks, or sleeps for ever", arguments: ParkFlaw.allCases)
  func everySafeguardIsNeeded(flaw: ParkFlaw) {
    #expect(ParkModel(flaw: flaw, rests: flaw == .givesBackLate).explore().flaw != nil)
  }
}
