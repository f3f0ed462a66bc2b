// Explores every interleaving of a thread that falls asleep in the kernel with sysmon, which asks the thread
// to stop, takes its P, and stops it when it runs without the P. Also of requests to stop with the beginnings
// of system calls.
import Testing

@Suite("Drift and system calls, all interleavings")
struct DriftModelTests {
  @Test(
    "a thread that sleeps loses its P, enters the runtime with a P only, and stands nowhere for ever",
    arguments: [1, 2], [0, 1, 2])
  func sleepersLoseTheirP(sleeps: Int, asks: Int) {
    let found = DriftModel(flaw: nil, sleeps: sleeps, asks: asks).exploreToTheEnd()

    #expect(found.flaw == nil)
    #expect(found.states > 250)
    #expect(found.atRest > 2)
  }

  @Test("without any one safeguard two have the P, or it sleeps", arguments: DriftFlaw.allCases)
  func everySafeguardOfDriftIsNeeded(flaw: DriftFlaw) {
    #expect(DriftModel(flaw: flaw).exploreToTheEnd().flaw != nil)
  }

  @Test("no signal arrives in a system call, and no request is left", arguments: [1, 2, 3], [1, 2])
  func callsAreNotCutShort(calls: Int, asks: Int) {
    let found = CallSignalModel(flaw: nil, calls: calls, asks: asks).exploreToTheEnd()

    #expect(found.flaw == nil)
    #expect(found.states > 50)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard a call is cut short, or stuck", arguments: CallSignalFlaw.allCases)
  func everySafeguardOfCallsIsNeeded(flaw: CallSignalFlaw) {
    #expect(CallSignalModel(flaw: flaw).exploreToTheEnd().flaw != nil)
  }
}
