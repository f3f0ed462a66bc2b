// Explores every interleaving of a G that enters a scope and waits there with the cancelling of that scope or
// of the one around it.
import Testing

@Suite("Cancellation, all interleavings")
struct CancellationModelTests {
  @Test("no G sleeps in a cancelled scope, and none below a cancelled one goes on", arguments: [true, false])
  func nothingIsMissed(hasTimer: Bool) {
    let found = CancellationModel(flaw: nil, hasTimer: hasTimer).explore()

    #expect(found.flaw == nil)
    #expect(found.states > (hasTimer ? 300 : 90))
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard one does, or a list goes to pieces", arguments: CancellationFlaw.allCases)
  func everySafeguardIsNeeded(flaw: CancellationFlaw) {
    #expect(CancellationModel.mutants(flaw).contains { $0.explore().flaw != nil })
  }
}
