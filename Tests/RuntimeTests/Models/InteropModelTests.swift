// Explores every interleaving of what interop adds to the scheduler. Every safeguard is needed.
import Testing

@Suite("Interop, all interleavings")
struct InteropModelTests {
  @Test("a G that awaits goes on with the result, once, whoever comes when", arguments: [false, true])
  func awaits(cancels: Bool) {
    let found = AwaitModel(flaw: nil, cancels: cancels).explore()

    #expect(found.flaw == nil)
    #expect(found.states > (cancels ? 100 : 15))
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard of an await it does not", arguments: AwaitFlaw.allCases)
  func everySafeguardOfAwait(flaw: AwaitFlaw) {
    let found = [false, true].map { AwaitModel(flaw: flaw, cancels: $0).explore().flaw }
    #expect(found.contains { $0 != nil })
  }

  @Test("a job that parks comes back to its home, and the P is where it is needed")
  func home() {
    let found = HomeModel(flaw: nil).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 20)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard of the home it does not", arguments: HomeFlaw.allCases)
  func everySafeguardOfHome(flaw: HomeFlaw) { #expect(HomeModel(flaw: flaw).explore().flaw != nil) }

  @Test("Gs from outside are counted once, and none waits beside an idle P")
  func outside() {
    let found = OutsideModel(flaw: nil).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 200)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard of the outside they are not", arguments: OutsideFlaw.allCases)
  func everySafeguardOfOutside(flaw: OutsideFlaw) { #expect(OutsideModel(flaw: flaw).explore().flaw != nil) }
}
