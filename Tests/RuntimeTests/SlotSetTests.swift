// The sets behind the pools, compared with a plain set that does the same; and how much the gc thread keeps.
import Testing

@testable import MPG

@Suite("Pools")
struct PoolTests {
  @Test("the lowest number comes out first, whatever went in and out before")
  func lowestFirst() throws {
    var set = try SlotSet(capacity: 1 << 16)
    var reference = Set<Int>()
    var random = CheapRandom(seed: 7)
    for _ in 0..<20_000 {
      let number = random.next(below: 1 << 16)
      if random.next(below: 3) > 0 {
        if reference.insert(number).inserted { set.insert(number) }
      } else if let lowest = reference.min(), reference.count < 300 || number % 64 == 0 {
        #expect(set.popLowest() == lowest)
        reference.remove(lowest)
      }
      if reference.count > 400 {
        let group = random.next(below: 1 << 10)
        let removed = set.remove(inGroup: group)
        let expected = reference.filter { $0 / 64 == group }
        #expect(removed.nonzeroBitCount == expected.count)
        reference.subtract(expected)
      }
    }
    #expect(set.count == reference.count)
    for number in reference.sorted() { #expect(set.popLowest() == number) }
    #expect(set.popLowest() == nil)
  }

  @Test("a burst is forgotten by halves, and what is in use stays settled")
  func pacing() {
    var pacer = Pacer()
    pacer.note(stacks: 1_000_000, descriptors: 1_000_000)
    #expect(pacer.isSettled && pacer.keptStacks > 250_000)
    var looks = 0
    repeat {
      pacer.note(stacks: 10, descriptors: 100)
      looks += 1
    } while !pacer.isSettled
    #expect((15...20).contains(looks))
    #expect(pacer.keptStacks < Pacer.stackFloor + 10)
    #expect(pacer.keptDescriptors < Pacer.descriptorFloor + 60)
  }
}
