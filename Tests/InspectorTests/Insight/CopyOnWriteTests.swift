// Values that copies share behave as values.
import Insight
import Testing

@Suite("Copy on write") struct CopyOnWriteTests {
  private struct Holder: Equatable {
    @CopyOnWrite var numbers = [1, 2, 3]
    var other = 0
  }

  @Test("a change of one copy is not seen in another, whichever is changed")
  func copiesAreValues() {
    let first = Holder()
    var second = first
    second.numbers[0] = 9
    var third = second
    third.numbers.append(4)
    second.numbers = []
    #expect(first.numbers == [1, 2, 3])
    #expect(second.numbers == [])
    #expect(third.numbers == [9, 2, 3, 4])
  }

  @Test("holders are equal when their values are, shared or not")
  func equality() {
    var (one, other) = (Holder(), Holder())
    #expect(one == other)
    other.numbers[2] = 4
    #expect(one != other)
    one = other
    #expect(one == other)
    one.other = 1
    #expect(one != other)
  }

  @Test("who has the only copy changes it in place; a copy of the array would have no room to spare")
  func inPlace() {
    var holder = CopyOnWrite(wrappedValue: [1])
    holder.wrappedValue.reserveCapacity(1000)
    holder.wrappedValue.append(2)
    #expect(holder.wrappedValue.capacity >= 1000)
    let copy = holder
    holder.wrappedValue.append(3)
    #expect(holder.wrappedValue.capacity < 1000)
    #expect(copy.wrappedValue == [1, 2] && holder.wrappedValue == [1, 2, 3])
  }
}
