// Explores every interleaving of the check for a deadlock with whatever may still make a G runnable. The
// verdict is spoken if and only if nothing can happen, and every safeguard is needed.
import Testing

@Suite("Deadlock check, all interleavings")
struct DeadlockModelTests {
  @Test(
    "a deadlock is called only when nothing can happen any more, and then it is",
    arguments: DeadlockModel.scenes)
  func verdictIsTrue(scene: DeadlockModel.Scene) {
    let found = DeadlockModel(flaw: nil, scene: scene).exploreToTheEnd()

    #expect(found.flaw == nil)
    #expect(found.states > 200)
    #expect(found.atRest > 0)
  }

  @Test(
    "without any one safeguard a healthy program is ended, or a deadlock goes unreported",
    arguments: DeadlockFlaw.allCases)
  func everySafeguardIsNeeded(flaw: DeadlockFlaw) {
    let dies = DeadlockModel.scenes.contains {
      DeadlockModel(flaw: flaw, scene: $0).exploreToTheEnd().flaw != nil
    }

    #expect(dies)
  }
}
