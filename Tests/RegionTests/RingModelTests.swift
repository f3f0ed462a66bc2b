// Explores every execution of a small ring. The protocol as it stands never keeps a wrong record. Every
// safeguard is needed: without it, some execution keeps a wrong record.
import Testing

@Suite("Ring protocol, all interleavings")
struct RingModelTests {
  @Test("no interleaving and no legal order of stores and loads makes a reader keep a wrong record")
  func protocolHolds() {
    let outcome = RingModel(flaw: nil, records: 5, drains: 2).explore()

    #expect(outcome.wrong == 0)
    #expect(outcome.miscounted == 0)
    #expect(outcome.states > 1000)
    #expect(outcome.kept > 0)
    #expect(outcome.dropped > 0)
  }

  @Test("without any one safeguard some execution keeps a wrong record", arguments: RingFlaw.allCases)
  func everySafeguardIsNeeded(flaw: RingFlaw) {
    #expect(RingModel(flaw: flaw, records: 5, drains: 2).explore().wrong > 0)
  }
}
