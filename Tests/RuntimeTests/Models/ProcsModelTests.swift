// Explores every interleaving of changing procs with searching, submitting, sleeping and system calls. Every
// safeguard is needed.
import Testing

@Suite("Procs, all interleavings")
struct ProcsModelTests {
  /// Scenarios: Ps, the values of procs, submits, injects, system calls.
  static let scenarios: [ProcsModel] = [
    ProcsModel(flaw: nil, ps: 2, changes: [1], submits: 1, injects: 1, syscalls: 1),
    ProcsModel(flaw: nil, ps: 2, changes: [1, 2], submits: 1, injects: 1, syscalls: 0),
    ProcsModel(flaw: nil, ps: 3, changes: [2], submits: 1, injects: 0, syscalls: 0),
    ProcsModel(flaw: nil, ps: 3, changes: [1, 3], submits: 1, injects: 0, syscalls: 0),
  ]

  @Test("nothing is lost or stuck, and no retired P is given to anybody", arguments: scenarios.indices)
  func nothingIsLost(_ scenario: Int) {
    let found = Self.scenarios[scenario].explore()

    #expect(found.flaw == nil)
    #expect(found.states > 1_000)
    #expect(found.atRest > 5)
  }

  @Test("without any one safeguard something is lost", arguments: ProcsFlaw.allCases)
  func everySafeguardIsNeeded(flaw: ProcsFlaw) {
    let found = Self.scenarios.contains { scenario in
      ProcsModel(
        flaw: flaw, ps: scenario.ps, changes: scenario.changes, submits: scenario.submits,
        injects: scenario.injects, syscalls: scenario.syscalls
      ).explore().flaw != nil
    }
    #expect(found)
  }
}
