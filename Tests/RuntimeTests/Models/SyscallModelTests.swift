// Explores every interleaving of system calls with sysmon, which takes the P away. The P has one owner, no G
// waits while a P is idle, and every safeguard is needed.
import Testing

@Suite("System calls, all interleavings")
struct SyscallModelTests {
  @Test(
    "the P has one owner, and no G waits for ever beside it",
    arguments: [[1, 1], [2, 2], [3, 1], [1, 1, 1]])
  func thePHasOneOwner(calls: [Int]) {
    let found = SyscallModel(flaw: nil, calls: calls).explore()

    #expect(found.flaw == nil)
    #expect(found.states > 500)
    #expect(found.atRest > 5)
  }

  @Test("without any one safeguard it has two, or a G waits", arguments: SyscallFlaw.allCases)
  func everySafeguardIsNeeded(flaw: SyscallFlaw) {
    #expect(SyscallModel(flaw: flaw).explore().flaw != nil)
  }
}
