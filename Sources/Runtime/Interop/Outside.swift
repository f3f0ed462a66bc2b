// Outside: how a thread that is no M may act on the scheduler.
//
// §1 The problem. An `async` function that a G awaits ends on some thread of Swift's pool; a `Task` is enqueued from
// anywhere; async code starts a G. Each of these makes a G runnable. But every move of a G is counted in a lane and
// recorded as an event in a ring, and only one M at a time may write to a lane and its ring. A thread from outside has
// no M.
//
// §2 Rejected. A lock-free list that netpoll's thread and searching Ms empty: a G would have to pass through a thread
// that must be woken first, and every search would have one more place to look at. An M for each outside thread, as
// Go's extra Ms for C: Swift's pool makes and drops threads at will, and each ring takes memory. Atomic counters: all
// moves would pay for the few that come from outside.
//
// §3 The design. There is one M without a thread of its own, made at the first need and lent, under a lock, to
// whichever thread comes from outside. Like netpoll's thread it holds no P, and it does what that thread does: it
// writes counts and events to its own lane and ring, puts Gs on the GRQ with `inject`, and wakes idle Ps. So it needs
// one lock more than netpoll, and the scheduler's protocols stay the same. In the region it has a lane and a ring, but
// no row among the Ms: its state is `none`, because it has no thread.
//
// §4 Ordering. The lock puts the lane's writers one after the other: its release publishes counters and ring to the
// next writer. `inject` appends under the scheduler's lock. An M that goes to sleep looks at the GRQ and puts its P on
// the idle list in one hold of the same lock. So either that look sees the G, or `inject` afterwards sees the idle P.
// `isOpen` is stored with release at the end of the boot and acquired here: a thread that sees it sees the tables.
//
// §5 What would break it. No lock: two writers increment one counter, so a G vanishes from the gauges, or a record is
// torn. A look for an idle P before the append: an M that goes to sleep in between sleeps beside the G. See
// OutsideModel.
//
// §6 Lock order: outside → scope, timer descriptor, poll descriptor, io_uring's submission ring → scheduler → nothing.
// No M with a P ever takes the lock of the outside. So a thread that is held up while it has that lock (starting a
// thread allocates) holds up only others from outside. Such a thread may have to wait until the submission ring of
// io_uring has room. The netpoll thread makes that room; it is an M, and does not take the lock of the outside.
//
// §7 A `deinit` runs wherever the last reference is dropped: on a G, on a thread of Swift's pool, inside `blocking`, on
// a thread whose G runs without a P, on loan (Preempt §6), on a scheduling stack when a timer frees its action. A
// public class whose `deinit` does more than free memory or close a descriptor does it in `act`, which tells these
// cases apart. `act` asks whether there is a G in user code, not whether there is a P. On loan a G has no P; if it took
// a lock of ours outside of the runtime, it could be stopped while it holds that lock.
import CMPG
import Glibc
import Region
import Synchronization

enum Outside {
  private static let lock = Lock()
  private static let isOpen = Atomic<Bool>(false)

  // MARK: under the lock
  nonisolated(unsafe) private static var lent: M?
  nonisolated(unsafe) private static var freeGs = GQueueLIFO()

  /// Whether the boot is over.
  static var isRunning: Bool { isOpen.load(ordering: .acquiring) }

  /// Notes that the boot is over.
  static func open() { isOpen.store(true, ordering: .releasing) }

  /// Runs `body` inside the runtime with an M to act through: the caller's own, or the lent one. That M may hold a P or
  /// not, so `body` must hand Gs that become runnable to `submitAnywhere`. Any thread, but not from within the runtime.
  static func act<Result>(_ what: StaticString, _ body: (M) -> Result) -> Result {
    guard let m = M.current else { return actWithLent(what, body) }
    // On a scheduling stack, or inside `blocking`, the thread is inside the runtime already. Ask whether a G is in user
    // code, not whether a P is held: a G on loan (Preempt §6) holds none either, and waits in `enterRuntime` until it
    // is given one.
    guard m.g != nil, !mpg_is_inside() else { return body(m) }
    // The caller may be Swift's own runtime, holding a lock that belongs to its thread: a cancellation handler runs
    // under a lock of its task, a `deinit` under any. If the G gave way here, it might come back on another thread, and
    // unlock a lock that this thread has not locked. That aborts.
    defer { leaveRuntimeWithoutGivingWay() }
    return body(enterRuntime(what))
  }

  private static func actWithLent<Result>(_ what: StaticString, _ body: (M) -> Result) -> Result {
    guard isOpen.load(ordering: .acquiring) else {
      fatal("\(what) was used while no scheduler runs; wrap the program in MPG.main { … }")
    }
    // Ask this before taking the lock. In a child of fork the lock may be held by a thread that exists only in the
    // parent, so it would never be released.
    if mpg_has_forked() { Fork.refuse(what) }
    lock.lock()
    defer { lock.unlock() }
    return body(unsafe lent ?? makeLent())
  }

  /// Makes the M that is lent to threads from outside. Call under the lock.
  private static func makeLent() -> M {
    let sched = sched
    sched.lock.lock()
    let m = sched.newM()
    sched.lock.unlock()
    m.shared[.state].set(UInt64(MState.none.rawValue))
    unsafe lent = m
    return m
  }

  /// Takes a free descriptor for a new G. The M holds no P, so there is no P whose cache could give one.
  fileprivate static func takeG(for m: M) -> G {
    guard unsafe m == lent else {
      var cache = GQueueLIFO()
      defer { sched.descriptors.giveBack(all: &cache) }
      return sched.descriptors.refill(&cache)
    }
    return unsafe freeGs.pop() ?? sched.descriptors.refill(&freeGs)
  }

  // MARK: threads that are no Ms

  /// How many threads of the process never act on Gs. Tests set this number, because their harness has threads.
  nonisolated(unsafe) static var bystanders = 0

  /// Whether the process has threads that are no Ms. Each of these may make a G runnable at any time. Allocates
  /// nothing.
  static var hasThreads: Bool {
    guard let all = threads else { return true }  // not known: there may be some
    let ms = (0..<Int(sched.shared[.mCount].acquired)).count { sched.region.m($0)[.tid].acquired != 0 }
    return unsafe all > ms + Reporter.threads + ControlThread.threads + bystanders
  }

  /// How many threads this process has; nil when the system does not say.
  static var threads: Int? {
    var status = stat()
    guard unsafe stat("/proc/self/task", &status) == 0, status.st_nlink > 2 else { return nil }
    return Int(status.st_nlink) - 2  // in /proc/self/task each thread has a directory, besides . and ..
  }
}

extension M {
  /// Makes a new runnable G. `prepare` gives it something to run, and a scope. The M may hold a P or not.
  func spawnAnywhere(entry: UInt32, kind: GKind, _ prepare: (G) -> Void) {
    let p = heldP
    let g = p?.takeG() ?? Outside.takeG(for: self)
    g.shared[.id].set(p?.newId() ?? sched.takeIds(1))
    g.shared[.entry].set(UInt64(entry))
    prepare(g)
    let place = anyPlace
    created(g, entry: entry, kind: kind, place)
    submitAnywhere(g, place)
  }

  /// Puts a G that is counted as runnable on a queue, and wakes an idle P if there is one. The M may hold a P or not.
  /// - Parameter place: this M's `anyPlace`, the queue that the event of the G's move has named already.
  func submitAnywhere(_ g: G, _ place: Place) {
    if heldP != nil {
      submitNext(g, place)
      return sched.wakeP(self)  // S2 of Spinning §3: `submitNext` is a sequentially consistent exchange
    }
    var queue = GQueue()
    queue.append(g)
    sched.inject(queue, by: self)
  }

  /// As `submitAnywhere`, for several Gs.
  func submitAnywhere(_ batch: consuming GQueue) {
    if heldP != nil { submit(batch) } else { sched.inject(batch, by: self) }
  }
}
