// Explores every interleaving of a thread that ends with an actor that wants its M.
import Testing

@Suite("Threads that end, all interleavings")
struct EndingModelTests {
  @Test("no P is lost, and no M is two threads")
  func noneIsLost() {
    let found = EndingModel(flaw: nil).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 10)
    #expect(found.atRest > 1)
  }

  @Test("without any one safeguard something is", arguments: EndingFlaw.allCases)
  func everySafeguardIsNeeded(flaw: EndingFlaw) {
    #expect(EndingModel(flaw: flaw).explore().flaw != nil)
  }
}
