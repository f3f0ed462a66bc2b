// Every interleaving of a G that is asked to stop with its entering and leaving the runtime, with the loan of time and
// with the P's coming back: the P is in one place, and each safeguard is needed.
import Testing

@Suite("Preemption, all interleavings")
struct PreemptionModelTests {
  @Test(
    "a G stops only outside the runtime, goes on with a P or on loan, and never stands still for ever",
    arguments: [true, false], [1, 2])
  func stoppedGsGoOn(needsLock: Bool, asks: Int) {
    let found = PreemptionModel(flaw: nil, needsLock: needsLock, asks: asks).exploreToTheEnd()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000)
    #expect(found.atRest > 2)
  }

  @Test(
    "without any one safeguard it stands for ever, or runs without a P", arguments: PreemptionFlaw.allCases)
  func everySafeguardIsNeeded(flaw: PreemptionFlaw) {
    #expect(PreemptionModel(flaw: flaw).exploreToTheEnd().flaw != nil)
  }
}
