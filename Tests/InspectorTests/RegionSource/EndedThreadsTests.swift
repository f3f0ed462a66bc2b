import Region
import Testing

@testable import Exports
@testable import History
@testable import Inspector
@testable import Observed

@Suite("Threads that ended")
struct EndedThreadsTests {
  private func snapshot(_ states: [MState]) throws -> Snapshot {
    let region = RegionFixture(procs: 1)
    region[SchedField.mCount] = UInt64(states.count)
    for (id, state) in states.enumerated() { region[MField.state, id] = region.raw(state) }
    return try region.snapshot()
  }

  @Test("have no row, nor have those that never were")
  func noRow() throws {
    #expect(try snapshot([.running, .exited, .parked, .none, .starting]).ms.map(\.id) == [0, 2, 4])
  }

  @Test("leave the model with their last event, and their M comes back with the next thread")
  func model() throws {
    var model = Model(try snapshot([.running, .parked, .parked, .parked]), reasons: [])
    func ids() -> [Int] { model.snapshot.ms.map(\.id) }

    model.apply(Record(.mEnd, time: 1, m: 1), on: .m(1))
    #expect(ids() == [0, 2, 3])
    model.apply(Record(.mEnd, time: 2, m: 9), on: .m(9))  // the model does not know M9
    model.apply(Record(.mSpin, time: 3, m: 1), on: .m(1))  // a late record of a thread that has ended
    #expect(ids() == [0, 2, 3])

    model.apply(Record(.mStart, time: 4, m: 1, arg: 77), on: .m(1))
    #expect(ids() == [0, 1, 2, 3])
    #expect(model.snapshot.ms[1].tid == 77)
    model.apply(Record(.mEnd, time: 5, m: 3), on: .m(3))
    model.apply(Record(.mStart, time: 6, m: 2, arg: 78), on: .m(2))
    #expect(ids() == [0, 1, 2])
    #expect(model.snapshot.ms[2].tid == 78)
  }
}
