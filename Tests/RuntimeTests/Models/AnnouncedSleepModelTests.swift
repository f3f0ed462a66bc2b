// Explores every interleaving of the netpoll thread going to sleep with the events that must wake it.
import Testing

@Suite("Netpoll thread asleep, all interleavings")
struct AnnouncedSleepModelTests {
  @Test("the thread never sleeps beside an idle P that it should serve, or a timer that is due earlier")
  func noWorkIsSleptOver() {
    let found = AnnouncedSleepModel(flaw: nil).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 200)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard it does", arguments: AnnouncedSleepFlaw.allCases)
  func everySafeguardIsNeeded(flaw: AnnouncedSleepFlaw) {
    #expect(AnnouncedSleepModel(flaw: flaw).explore().flaw != nil)
  }
}

@Suite("Netpoll thread waiting for a timer, all interleavings")
struct HastenModelTests {
  @Test("the thread never waits for longer than until the earliest timer", arguments: HastenModel.whole)
  func noTimerIsSleptOver(model: HastenModel) {
    let found = model.explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000)
    #expect(found.atRest > 0)
  }

  @Test("without any one safeguard it does", arguments: HastenFlaw.allCases)
  func everySafeguardIsNeeded(flaw: HastenFlaw) {
    #expect(HastenModel(flaw: flaw).explore().flaw != nil)
  }
}
