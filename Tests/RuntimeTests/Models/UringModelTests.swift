// Explores every interleaving of what is special to completions: watches that end and are set up anew, and a
// thread that sleeps on a ring from which others take. No news and no wake-up is lost, and every safeguard is
// needed.
import Testing

@Suite("io_uring, all interleavings")
struct UringModelTests {
  @Test("no news is lost when a watch ends, and none outlives its descriptor", arguments: [true, false])
  func watchesAreSetUpAnew(unregisters: Bool) {
    let found = UringWatchModel(flaw: nil, arrivals: 3, ends: 3, unregisters: unregisters).explore()

    #expect(found.flaw == nil)
    #expect(found.states > (unregisters ? 200 : 60))
    #expect(found.atRest > 0)
  }

  @Test(
    "without any one safeguard news is lost or a closed file stays open", arguments: UringWatchFlaw.allCases)
  func everySafeguardOfAWatchIsNeeded(flaw: UringWatchFlaw) {
    let found = [false, true].map { UringWatchModel(flaw: flaw, unregisters: $0).explore().flaw }

    #expect(found.contains { $0 != nil })
  }

  @Test("the thread never sleeps beside something that it was woken for")
  func breaksAreNotLost() {
    let found = UringSleepModel(flaw: nil, breaks: 3, ends: 3).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1000)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard it does", arguments: UringSleepFlaw.allCases)
  func everySafeguardOfTheSleepIsNeeded(flaw: UringSleepFlaw) {
    #expect(UringSleepModel(flaw: flaw).explore().flaw != nil)
  }
}
