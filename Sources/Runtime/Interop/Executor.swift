// The scheduler as an executor of Swift's own tasks: their jobs run on our Ps.
//
// A task runs in pieces: a job lasts from one suspension to the next. Each job that is enqueued here becomes a G of
// kind `task`, which runs the job in one piece and ends. So a task that awaits costs no G at all, and whatever a job
// does (channels, `sleep`, locks, `blocking`) it does as a G. While a job is parked it keeps its thread; see
// Home.swift.
import Region

/// Runs the jobs of Swift tasks as Gs. There is one executor: `taskExecutor`. Thread-safe; usable once `MPG.main` has
/// begun.
public final class SchedulerExecutor: TaskExecutor {
  static let shared = SchedulerExecutor()
  /// The string id under which the Gs of all jobs are shown.
  private static let entry = sched.interner.id(named: "Task", in: sched.region)

  private init() {}

  /// Makes a G that runs `job`. Called by Swift's runtime; any thread.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Outside.act("MPG.taskExecutor") { m in
      sched.shared[.tasksCreated].add(1)
      m.spawnAnywhere(entry: Self.entry, kind: .task) { unsafe $0.record.pointee.job = job }
    }
  }

  /// Runs a job on the stack of its G, in user code.
  static func run(_ job: UnownedJob) {
    unsafe job.runSynchronously(on: shared.asUnownedTaskExecutor())
    sched.shared[.tasksExited].add(1)
  }
}

/// The scheduler, for Swift's tasks: `Task(executorPreference: MPG.taskExecutor) { … }` runs on the scheduler's Ps, as
/// Gs of kind `task`, and so do its child tasks. Priorities are ignored: first come, first served.
///
/// In such a task the calls for Gs work too: channels, `sleep`, `go`. A job that parks like this holds up a thread (not
/// a P) until it goes on; `await MPG.run { … }` holds up nothing.
public var taskExecutor: SchedulerExecutor { SchedulerExecutor.shared }
