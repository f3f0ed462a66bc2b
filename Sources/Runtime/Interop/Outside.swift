// Outside: what a thread that is no M may do to the scheduler.
//
// §1 The problem. An `async` function that a G awaits ends on some thread of Swift's pool; a `Task` is enqueued from
// anywhere; async code starts a G. Each makes a G runnable. But every move of a G is counted in a lane, and told in a
// ring, that have one writer, the M; and such a thread has none.
//
// §2 Rejected. A list without a lock that netpoll's thread and searching Ms empty: a hop over a thread that has to be
// woken first, and one more thing that every search has to look at. An M for each outside thread, as Go's extra Ms for
// C: Swift's pool makes and drops threads at will, and rings are memory. Atomic counters: a price that all moves pay
// for the few.
//
// §3 The design. One M without a thread of its own, made at the first need, lent under a lock to whoever comes from
// outside. It holds no P, like netpoll's thread, and does what that does: count and tell in its own lane, `inject` into
// the GRQ, get idle Ps going. So one lock is taken more than netpoll takes, and nothing of the scheduler's protocols is
// new. In the region it has a lane and a ring, but no row among the Ms: its state is `none`, for there is no thread.
//
// §4 Ordering. The lock makes the lane's writers one after the other: its release publishes counters and ring to the
// next. `inject` appends under the scheduler's lock; an M that goes to sleep puts its P on the idle list under the same
// lock after a look at the GRQ. So either that look sees the G, or `inject`, afterwards, sees the idle P.
// `isOpen` is stored with release at the end of the boot and acquired here: whoever sees it sees the tables.
//
// §5 What would break it. No lock: two writers bump one counter, a G vanishes from the gauges, a record is torn. To
// look for an idle P before the append: the M in between sleeps beside the G. See OutsideModel.
//
// §6 Lock order: outside → scope, timer descriptor, poll descriptor, io_uring's orders → scheduler → nothing. No M with
// a P ever takes the lock of the outside, so a thread that is held up while it has the lock (starting a thread allocates)
// holds up others from outside only. It waits for room among io_uring's orders, which the netpoll thread makes; that is an
// M, and takes no lock of the outside.
//
// §7 A `deinit` runs wherever the last reference is dropped: on a G, on a thread of Swift's pool, inside `blocking`, on a
// thread on loan (Preempt §6), on a scheduling stack as a timer lets go of what it did. So what is public and has more to
// do in its `deinit` than to free memory or close a descriptor does it in `act`, which tells these apart. It asks whether
// there is a G in user code, not whether there is a P: on loan there is none, and a lock of ours that is taken then, outside
// of the runtime, is a lock that its holder may be stopped with.
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

  /// The boot is over.
  static func open() { isOpen.store(true, ordering: .releasing) }

  /// Runs `body` inside the runtime with an M to act through: the caller's own, or the lent one. It holds a P or not;
  /// hand what becomes runnable to `submitAnywhere`. Any thread; not from within the runtime.
  static func act<Result>(_ what: StaticString, _ body: (M) -> Result) -> Result {
    guard let m = M.current else { return actWithLent(what, body) }
    // On a scheduling stack, or inside `blocking`, it is inside already. In a G it is asked for, and not told from a P that
    // is missing: on loan (Preempt §6) a G has none either, and waits at the border until it is granted one.
    guard m.g != nil, !mpg_is_inside() else { return body(m) }
    // Who calls may be Swift's own runtime, with a lock that belongs to its thread: a handler of a cancellation runs under
    // one of its task's, a `deinit` under any. Were the G to give way here it might come back on another thread, and unlock
    // what it has not locked, which aborts.
    defer { leaveRuntimeWithoutGivingWay() }
    return body(enterRuntime(what))
  }

  private static func actWithLent<Result>(_ what: StaticString, _ body: (M) -> Result) -> Result {
    guard isOpen.load(ordering: .acquiring) else {
      fatal("\(what) was used while no scheduler runs; wrap the program in MPG.main { … }")
    }
    // Before the lock: a thread may have held it that did not come along.
    if mpg_has_forked() { Fork.refuse(what) }
    lock.lock()
    defer { lock.unlock() }
    return body(unsafe lent ?? makeLent())
  }

  /// Under the lock.
  private static func makeLent() -> M {
    let sched = sched
    sched.lock.lock()
    let m = sched.newM()
    sched.lock.unlock()
    m.shared[.state].set(UInt64(MState.none.rawValue))
    unsafe lent = m
    return m
  }

  /// A descriptor for a new G, for an M that holds no P.
  fileprivate static func takeG(for m: M) -> G {
    guard unsafe m == lent else {
      var cache = GQueueLIFO()
      defer { sched.descriptors.giveBack(all: &cache) }
      return sched.descriptors.refill(&cache)
    }
    return unsafe freeGs.pop() ?? sched.descriptors.refill(&freeGs)
  }

  // MARK: who is out there

  /// Threads of the process that never have to do with Gs; tests set it, whose harness has threads.
  nonisolated(unsafe) static var bystanders = 0

  /// Whether the process has threads that are no Ms, each of which may make a G runnable at any time. Allocates nothing.
  static var hasThreads: Bool {
    guard let all = threads else { return true }  // unknown
    let ms = (0..<Int(sched.shared[.mCount].acquired)).count { sched.region.m($0)[.tid].acquired != 0 }
    return unsafe all > ms + Reporter.threads + bystanders
  }

  /// Threads of this process; nil when the system does not say.
  static var threads: Int? {
    var status = stat()
    guard unsafe stat("/proc/self/task", &status) == 0, status.st_nlink > 2 else { return nil }
    return Int(status.st_nlink) - 2  // a directory for each, besides . and ..
  }
}

extension M {
  /// Makes a new G runnable, which `prepare` gives something to run and a scope. The M may hold a P or not.
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

  /// Puts a G that was counted as runnable on a queue, and gets an idle P going. The M may hold a P or not.
  /// - Parameter place: `anyPlace`, as it was told.
  func submitAnywhere(_ g: G, _ place: Place) {
    if heldP != nil {
      submitNext(g, place)
      return sched.wakeP(self)  // S2: `submitNext` is a sequentially consistent exchange
    }
    var queue = GQueue()
    queue.append(g)
    sched.inject(queue, by: self)
  }

  /// The same for several.
  func submitAnywhere(_ batch: consuming GQueue) {
    if heldP != nil { submit(batch) } else { sched.inject(batch, by: self) }
  }
}
