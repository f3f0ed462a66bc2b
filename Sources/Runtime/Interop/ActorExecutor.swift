// An executor for one actor: its jobs run on our Ps, whichever thread calls the actor.
//
// §1 The problem. An actor that has no executor of its own runs on its callers' threads. The first caller of a free
// actor runs its own job and then, on the same thread, the jobs of all callers that came meanwhile. So when a task that
// prefers our executor shares an actor with another task, its jobs in the actor may run on a thread of Swift's pool. A
// body of `withTaskExecutorPreference` that only calls such an actor may not run on our executor at all. On a thread of
// the pool a channel operation cannot park, because it runs on no G.
//
// §2 The design. Jobs wait in a queue, in the order in which they come. While there are any, one G of kind `task` runs
// them, one after the other. Each job must run on one thread (Home §1), so the G keeps its thread, its home. The G may
// park in a job; the actor then stays busy until the G goes on, as an actor does whenever its job blocks.
//
// §3 The G ends when it finds the queue empty. It clears `isServed` in the same hold of the lock; a thread that appends
// a job after that sees this, and starts the next G.
import Region

/// The executor of an actor whose jobs run as Gs.
///
/// ```swift
/// actor Ledger {
///   private let executor = MPG.ActorExecutor()
///   nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///
///   let lines = Channel<String>(capacity: 1)
///   func enter(_ line: String) { lines.send(line) }  // a channel: it may park
/// }
/// ```
/// Make one executor for each actor: two actors that share an executor exclude each other. First come, first served;
/// priorities are ignored. Thread-safe; may be made anywhere, but used only once `MPG.main` has begun.
public final class ActorExecutor: SerialExecutor, @unchecked Sendable {
  // Safe because: the mutable properties are touched under `lock` alone.
  /// The string id under which the Gs of all actors are shown.
  private static let entry = sched.interner.id(named: "Actor", in: sched.region)

  private let lock = Lock()
  private var jobs: [UnownedJob] = []
  /// The index in `jobs` of the next job.
  private var next = 0
  /// Whether there is a G that will look into the queue again.
  private var isServed = false

  /// An executor without jobs. It needs no G before the first job comes.
  public init() {}
  deinit { lock.free() }

  /// Queues `job`, to run on a P. Called by Swift's runtime; any thread.
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

  /// The body of the G: runs jobs until the queue is empty. In user code, on the G's stack.
  private func serve() {
    while let job = nextJob() { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    sched.shared[.tasksExited].add(1)
  }

  private func nextJob() -> UnownedJob? {
    let m = enterRuntime("MPG.ActorExecutor")
    defer { leaveRuntime() }
    m.g?.makeHome(m)  // before the job begins, because the G must then stay on this thread
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
