// Explores every interleaving of threads at the gate with a controller that holds, steps and dies.
import Testing

@Suite("Pace, all interleavings")
struct PaceModelTests {
  @Test("nobody goes on without a turn, and when the controller is gone nobody waits")
  func gate() {
    let found = PaceModel(flaw: nil).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000, "\(found.states)")
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard somebody does", arguments: PaceFlaw.allCases)
  func everySafeguardIsNeeded(flaw: PaceFlaw) {
    #expect(PaceModel(flaw: flaw).explore().flaw != nil)
  }
}
