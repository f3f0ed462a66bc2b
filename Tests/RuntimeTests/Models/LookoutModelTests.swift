// Explores every execution of watching the clients of slow handlers. Each safeguard is needed.
import Testing

@Suite("Lookout, all executions")
struct LookoutModelTests {
  @Test("no handler works on for a client that has left, and none is ended for that of another")
  func holds() {
    let found = LookoutModel(flaw: nil).explore()
    #expect(found.flaw == nil)
    #expect(found.states > 100 && found.atRest > 0)
  }

  @Test("without any one safeguard one does, or is", arguments: LookoutFlaw.allCases)
  func everySafeguardIsNeeded(flaw: LookoutFlaw) {
    #expect(LookoutModel(flaw: flaw).explore().flaw != nil)
  }
}
