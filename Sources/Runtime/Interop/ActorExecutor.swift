// An executor for one actor: its jobs run on our Ps, whoever calls it.
//
// §1 The problem. An actor that has no executor of its own runs where its callers are. The first to come to an actor that
// is free runs its own job and then those of all who have come meanwhile, on its thread. So a task that prefers our
// executor has its jobs in such an actor run on a thread of Swift's pool as soon as another task shares the actor; and a
// body of `withTaskExecutorPreference` that does nothing but call one is not there at all. On such a thread a channel
// cannot park anybody.
//
// §2 The design. Jobs wait in a queue, in the order in which they come. While there are any, one G of kind `task` runs
// them, one after the other. Each is a promise of one thread (Home §1), so the G has a home; it may park, and the actor is
// busy for as long, as it is with any job that waits.
//
// §3 The G ends when it finds the queue empty, under the lock under which `isServed` says so. Whoever appends after that
// starts the next.
import Region

/// The executor of an actor whose jobs shall run as Gs.
///
/// ```swift
/// actor Ledger {
///   private let executor = MPG.ActorExecutor()
///   nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///   func enter(_ line: Line) { lines.send(line) }   // a channel: it may park
/// }
/// ```
/// One for each actor: two that share one exclude each other. First come, first served; priorities are not looked at.
/// Thread-safe; may be made anywhere, and used once `MPG.main` has begun.
public final class ActorExecutor: SerialExecutor, @unchecked Sendable {
  // Safe because: what changes is touched under `lock` alone.
  /// The string id under which all their Gs are shown.
  private static let entry = sched.interner.id(named: "Actor", in: sched.region)

  private let lock = Lock()
  private var jobs: [UnownedJob] = []
  /// The place in `jobs` of the next.
  private var next = 0
  /// Whether a G is about that will look into the queue again.
  private var isServed = false

  public init() {}
  deinit { lock.free() }

  /// Has `job` run on a P. For Swift's runtime; any thread.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Outside.act("MPG.ActorExecutor") { m in
      lock.lock()
      jobs.append(job)
      let starts = !isServed
      isServed = true
      lock.unlock()
      guard starts else { return }
      sched.shared[.tasksCreated].add(1)
      m.spawnAnywhere(entry: Self.entry, kind: .task) { unsafe $0.record.pointee.body = self.serve }
    }
  }

  /// The G: on its stack, in user code.
  private func serve() {
    while let job = nextJob() { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    sched.shared[.tasksExited].add(1)
  }

  private func nextJob() -> UnownedJob? {
    let m = enterRuntime("MPG.ActorExecutor")
    defer { leaveRuntime() }
    m.g?.makeHome(m)  // before the job begins: from here on it keeps this thread
    lock.lock()
    defer { lock.unlock() }
    guard next < jobs.count else {
      jobs.removeAll(keepingCapacity: jobs.capacity <= 64)
      (next, isServed) = (0, false)
      return nil
    }
    defer { next += 1 }
    return jobs[next]
  }
}
