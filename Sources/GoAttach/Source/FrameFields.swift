// What is read once a frame, and not in the fast loop: timers, and how many goroutines there ever were.
import Observed

/// Reads some counters of the Ps. Not thread-safe.
struct FrameFields {
  private let program: GoProgram
  private var batch = MemoryBatch()

  init(_ program: GoProgram) { self.program = program }

  mutating func fill(_ snapshot: inout Snapshot, _ look: FastLook) throws(MemoryProblem) {
    let (layout, scheduler) = (program.layout.p, program.layout.scheduler)
    batch.removeAll()
    func number(_ place: Int?) -> Int? { place.map { Int(batch.bytes.load($0, as: Int32.self)) } }
    for p in look.ps {
      batch.add(p.address &+ UInt64(layout.timerCount ?? 0), 4)
      batch.add(p.address &+ UInt64(layout.deletedTimers ?? 0), 4)
      batch.add(p.address &+ UInt64(layout.goroutinesCreated ?? 0), 8)
    }
    batch.add(program.variables.sched &+ UInt64(scheduler.goroutinesCreated ?? 0), 8)
    try batch.read(program.memory)
    if layout.timerCount != nil, layout.deletedTimers != nil {
      snapshot.timers = look.ps.indices.reduce(Int?.some(0)) { sum, index in
        guard let sum, let set = number(batch.place(3 * index)),
          let deleted = number(batch.place(3 * index + 1))
        else {
          return nil
        }
        return sum + max(0, set - max(0, deleted))
      }
    }
    if layout.goroutinesCreated != nil, scheduler.goroutinesCreated != nil {
      snapshot.gs.created = (0...look.ps.count).reduce(UInt64?.some(0)) { sum, index in
        guard let sum, let place = batch.place(index < look.ps.count ? 3 * index + 2 : 3 * look.ps.count)
        else { return nil }
        return sum &+ batch.bytes.word(place)
      }
    }
  }
}
