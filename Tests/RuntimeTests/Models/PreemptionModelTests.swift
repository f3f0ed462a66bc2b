// Explores every interleaving of a G that is asked to stop with its entering and leaving of the runtime, with
// loans of time, and with the return of the P. The P is always in one place, and every safeguard is needed.
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
