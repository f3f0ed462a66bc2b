// The ring's line of the table that `make mutants` prints.
import Foundation
import Testing

@Suite(
  "Mutants of the region's model", .enabled(if: ProcessInfo.processInfo.environment["MPG_MUTANTS"] != nil))
struct MutantsTests {
  @Test("the ring holds, and every mutant is killed")
  func mutantsDie() {
    let whole = RingModel(flaw: nil, records: 5, drains: 2).explore()
    let killed = RingFlaw.allCases.count { RingModel(flaw: $0, records: 5, drains: 2).explore().wrong > 0 }
    let all = RingFlaw.allCases.count
    print("mutants: ring: write, drain, loss | \(whole.states) | \(all) | \(killed)")

    #expect(whole.wrong + whole.miscounted == 0)
    #expect(killed == all)
  }
}
