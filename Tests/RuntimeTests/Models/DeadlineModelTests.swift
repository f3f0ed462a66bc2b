// Explores every interleaving of a G that waits for data with news, with a moving deadline, and with timers.
// The G gives up past its deadline and not before, and every safeguard is needed.
import Testing

@Suite("Deadlines, all interleavings")
struct DeadlineModelTests {
  @Test(
    "a G gives up past its deadline, and not before; news is not lost", arguments: DeadlineModel.Course.all,
    [0, 1, 2])
  func deadlinesAreKept(course: DeadlineModel.Course, arrivals: Int) {
    let found = DeadlineModel(flaw: nil, course: course, arrivals: arrivals).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 200)
    #expect(found.atRest > 0)
  }

  @Test(
    "without any one safeguard it waits for ever, or gives up too early", arguments: DeadlineFlaw.allCases)
  func everySafeguardIsNeeded(flaw: DeadlineFlaw) {
    let found = DeadlineModel.Course.all.flatMap { course in
      [0, 1].map { DeadlineModel(flaw: flaw, course: course, arrivals: $0).explore().flaw }
    }

    #expect(found.contains { $0 != nil })
  }
}
