// Explores every interleaving of Gs that wait for a descriptor with news, close and cancellation. No news is
// lost, no G is entered while it is on its stack, one G may come after the other, and every safeguard is
// needed.
import Testing

@Suite("Poll descriptor, all interleavings")
struct PollModelTests {
  @Test(
    "a G never waits beside data that was reported, nor in a closed descriptor, nor in a cancelled scope",
    arguments: PollModel.Course.all)
  func noNewsIsLost(course: PollModel.Course) {
    let found = PollModel(flaw: nil, course: course).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 300)
    #expect(found.atRest > 0)
  }

  @Test(
    "without any one safeguard a G waits for ever, runs on two threads, or is taken for a second",
    arguments: PollFlaw.allCases)
  func everySafeguardIsNeeded(flaw: PollFlaw) {
    #expect(PollModel.mutants(flaw).contains { $0.explore().flaw != nil })
  }
}
