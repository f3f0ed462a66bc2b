// What is read once for each snapshot, and not in the fast loop: timers, how many goroutines there ever were, how long
// they were runnable before they ran, the garbage collector.
import Observed

/// Reads what changes slowly. Not thread-safe.
struct FrameFields {
  private let program: GoProgram
  private var batch = MemoryBatch()
  private var latency = LatencyWatch()

  init(_ program: GoProgram) { self.program = program }

  /// Fills in the facts that this version of Go keeps, as far as the executable still tells where they lie.
  mutating func fill(_ snapshot: inout Snapshot, _ look: FastLook) throws(MemoryProblem) {
    batch.removeAll()
    let (layout, scheduler, sched) = (program.layout.p, program.layout.scheduler, program.variables.sched)
    let timers = look.ps.map { p in add(p.address, layout.timerCount, 4) }
    let deleted = look.ps.map { p in add(p.address, layout.deletedTimers, 4) }
    let created = look.ps.map { p in add(p.address, layout.goroutinesCreated, 8) }
    let createdElsewhere = add(sched, scheduler.goroutinesCreated, 8)
    let run = add(sched, scheduler.timeToRun, TimeHistogram.size)
    let stops = add(sched, scheduler.stwTotalTimeGC, TimeHistogram.size)
    let otherStops = add(sched, scheduler.stwTotalTimeOther, TimeHistogram.size)
    let mutexWait = add(sched, scheduler.totalMutexWaitTime, 8)
    let phase = program.variables.gcphase.map { batch.add($0, 4) }
    let controller = program.variables.gcController
    let goal = controller.flatMap { add($0, program.layout.heapGoal, 8) }
    let live = controller.flatMap { add($0, program.layout.heapLive, 8) }
    try batch.read(program.memory)

    snapshot.timers = sum(timers.map(number)).flatMap { set in
      sum(deleted.map(number)).map { max(0, set - max(0, $0)) }
    }
    snapshot.gs.created = sum((created + [createdElsewhere]).map(word))
    var sampled = Snapshot.Sampled()
    let lengths = histogram(run)
    sampled.runLatency = lengths.flatMap { latency.look($0, at: snapshot.time) }
    sampled.runLatencyTotals = lengths?.totals
    (sampled.stopsForGC, sampled.otherStops) = (histogram(stops)?.total, histogram(otherStops)?.total)
    sampled.mutexWait = word(mutexWait)
    (sampled.heapLive, sampled.heapGoal) = (word(live), word(goal))
    sampled.gcPhase = number(phase).flatMap { Self.phases.indices.contains($0) ? Self.phases[$0] : nil }
    snapshot.sampled = sampled
  }

  private static let phases = ["off", "mark", "mark termination"]

  /// Adds a field to the batch, and returns its index there; nil: the field's offset is not known.
  private mutating func add(_ base: UInt64, _ offset: Int?, _ count: Int) -> Int? {
    offset.map { batch.add(base &+ UInt64($0), count) }
  }

  private func place(_ index: Int?) -> Int? { index.flatMap { batch.place($0) } }
  private func word(_ index: Int?) -> UInt64? { place(index).map { batch.bytes.word($0) } }
  private func number(_ index: Int?) -> Int? {
    place(index).map { Int(batch.bytes.load($0, as: Int32.self)) }
  }

  private func histogram(_ index: Int?) -> TimeHistogram? {
    place(index).map { TimeHistogram(Array(batch.bytes[$0..<$0 + TimeHistogram.size])) }
  }

  /// The sum of numbers; nil: one of them is not known.
  private func sum<Value: FixedWidthInteger>(_ numbers: [Value?]) -> Value? {
    numbers.reduce(Value?.some(0)) { sum, number in sum.flatMap { sum in number.map { sum &+ $0 } } }
  }
}
