// Explores every interleaving of what is special to a completion port: polls that are one-shot, whose memory is the
// kernel's, and a thread that sleeps on packets that others may take. Every safeguard is needed.
import Testing

@Suite("Completion port, all interleavings")
struct IOCPModelTests {
  @Test("no G sleeps beside data, and a watch is spare when nobody holds it", arguments: [true, false])
  func pollsAreBegunAnew(unregisters: Bool) {
    let found = IOCPArmModel(flaw: nil, arrivals: 3, unregisters: unregisters).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 60)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard one of these is not so", arguments: IOCPArmFlaw.allCases)
  func everySafeguardOfAPollIsNeeded(flaw: IOCPArmFlaw) {
    let found = [false, true].map { IOCPArmModel(flaw: flaw, unregisters: $0).explore().flaw }

    #expect(found.contains { $0 != nil })
  }

  @Test("the thread never sleeps beside something that it was woken for")
  func breaksAreNotLost() {
    let found = IOCPSleepModel(flaw: nil, breaks: 4, news: 2).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1000)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard it does", arguments: IOCPSleepFlaw.allCases)
  func everySafeguardOfTheSleepIsNeeded(flaw: IOCPSleepFlaw) {
    #expect(IOCPSleepModel(flaw: flaw).explore().flaw != nil)
  }
}
