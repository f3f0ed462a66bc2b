// In all executions, what a reader takes of a lane belongs to the lane's position. Each safeguard is needed.
import Testing

@Suite("Lanes, all executions")
struct LaneModelTests {
  @Test("words that go with records are taken as the records leave them")
  func holds() {
    let found = LaneModel(flaw: nil).explore()
    #expect(found.flaw == nil)
    #expect(found.states > 100)
  }

  @Test("without any one safeguard they are not", arguments: LaneFlaw.allCases)
  func everySafeguardIsNeeded(flaw: LaneFlaw) {
    #expect(LaneModel(flaw: flaw).explore().flaw != nil)
  }
}
