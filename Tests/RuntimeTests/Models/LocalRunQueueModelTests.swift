// Explores every interleaving of a small local run queue: no G is lost, no G runs twice, and every safeguard
// is needed.
import Testing

@Suite("Local run queue, all interleavings")
struct LocalRunQueueModelTests {
  @Test("whatever owner and thieves do, each G is in exactly one place", arguments: [1, 2, 4])
  func everyGIsInOnePlace(queued: Int) {
    let model = LocalRunQueueModel(flaw: nil, pushes: 2, queued: queued, ownerOperations: 4)

    let found = model.explore()

    #expect(found.flaw == nil)
    #expect(found.states > 5_000)
    #expect(found.atRest > 20)
  }

  @Test("positions that never come round tell a head that is the same from one that is equal")
  func positionsDoNotComeRound() {
    let model = LocalRunQueueModel(
      flaw: nil, pushes: 6, queued: 4, usesNext: false, ownerOperations: 14, steals: (1, 0))

    #expect(model.explore().flaw == nil)
  }

  @Test("without any one safeguard a G is lost or runs twice", arguments: QueueFlaw.allCases)
  func everySafeguardIsNeeded(flaw: QueueFlaw) {
    #expect(LocalRunQueueModel.mutant(flaw).explore().flaw != nil)
  }
}

extension LocalRunQueueModel {
  /// The queue without a safeguard, of a size at which the flaw shows.
  static func mutant(_ flaw: QueueFlaw) -> Self {
    var model = Self(flaw: flaw, pushes: 2, queued: 4, ownerOperations: 4)
    if flaw == .publishBeforeStore { model.queued = 0 }
    // To wrap, a position must pass 8 Gs within one steal.
    if flaw == .positionsComeRound {
      (model.pushes, model.ownerOperations, model.usesNext, model.steals) = (6, 14, false, (1, 0))
    }
    return model
  }
}
