// Values that copies share behave as values.
import Testing

@testable import Insight

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

  @Test("who has the only copy changes it in place; who shares it, another one")
  func inPlace() {
    var holder = CopyOnWrite(wrappedValue: [1])
    let place = ObjectIdentifier(holder.box)
    holder.wrappedValue.append(2)
    #expect(ObjectIdentifier(holder.box) == place)
    let copy = holder
    holder.wrappedValue.append(3)
    #expect(ObjectIdentifier(copy.box) == place && ObjectIdentifier(holder.box) != place)
    #expect(copy.wrappedValue == [1, 2] && holder.wrappedValue == [1, 2, 3])
  }
}
