// Explores every interleaving of submitting and falling asleep: no G stays runnable while a P is idle, and
// every step is needed.
import Testing

@Suite("Spinning, all interleavings")
struct SpinningModelTests {
  @Test(
    "no wake-up is lost, no note stays unread, and the count of spinning Ms is right at rest",
    arguments: [(2, 3, 1), (3, 2, 1), (3, 1, 2)])
  func noWakeUpIsLost(procs: Int, submits: Int, injects: Int) {
    let found = SpinningModel(flaw: nil, procs: procs, submits: submits, injects: injects).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000)
    #expect(found.atRest > 5)
  }

  @Test(
    "the same when a thread cannot be started, be it for a P or a spare one",
    arguments: [(2, 2, 1), (3, 1, 1)])
  func noWakeUpIsLostByFailures(procs: Int, submits: Int, injects: Int) {
    let found = SpinningModel(
      flaw: nil, procs: procs, submits: submits, injects: injects, failures: 1, spares: 1
    ).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000)
    #expect(found.atRest > 5)
  }

  @Test("the same while Ms that sleep are ended", arguments: [(2, 2, 1), (3, 2, 1), (3, 1, 2)])
  func noWakeUpIsLostByEnds(procs: Int, submits: Int, injects: Int) {
    let found = SpinningModel(flaw: nil, procs: procs, submits: submits, injects: injects, ends: 2).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000)
    #expect(found.atRest > 5)
  }

  @Test("without any one safeguard a wake-up is lost", arguments: SpinningFlaw.allCases)
  func everySafeguardIsNeeded(flaw: SpinningFlaw) {
    let changes = SpinningFlaw.ofFailures.contains(flaw) ? 1 : 0
    let ends = SpinningFlaw.ofEnds.contains(flaw) ? 1 : 0
    let model = SpinningModel(flaw: flaw, failures: changes, spares: changes, ends: ends)
    #expect(model.explore().flaw != nil)
  }
}
