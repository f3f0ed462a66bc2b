// M: a thread. It runs Gs while it holds a P; without one it sleeps, or is one of the runtime's own threads.
import CMPG
import Region
import Synchronization

/// What a G asks of its M's scheduling stack when it leaves.
enum Request {
  case park
  /// Give way, because sysmon wants it.
  case preempt
  /// Wait for a turn, because the system call that is over cost the P.
  case syscallExit
  case yield
  case exit
}

/// What remains to be done once a parking G is off its stack: only then may others find it.
enum Commit {
  case nothing
  /// Release the lock under which the G was put into a wait queue.
  case unlock(Lock)
  /// Let others end the wait, and release the locks under which they can find it; it stays awake when somebody ended
  /// the wait already. See Claim.
  case claimable(HeldLocks)
  /// Replace `waiting` by the G in a poll descriptor; it stays awake when readiness came first. See PollDescriptor.
  case poll(PollSide)
}

/// The private half of an M: what is constant after its start. Its pointers point to memory that is never freed.
@safe struct MRecord: ~Copyable {
  let id: Int
  let shared: Block<MField>
  let tracing: Bool
  /// The thread's own stack: where scheduling happens.
  let fiber: UnsafeMutablePointer<mpg_fiber>
  /// 1 once it was woken; the futex that it sleeps on. Any thread.
  fileprivate let wakeUp: UnsafeMutablePointer<Atomic<UInt32>>
  /// Its stop word: whether its thread may run; see Preempt.swift. Any thread.
  fileprivate let stop: UnsafeMutablePointer<Atomic<UInt32>>
  /// Where its thread keeps whether it is inside the runtime; 0: it has not begun. Any thread.
  fileprivate let insideAt: UnsafeMutablePointer<Atomic<UInt>>
  fileprivate let owned: UnsafeMutablePointer<MOwned>

  /// Bytes that an M takes, each part on cache lines of its own.
  static let bytes = 1024

  /// Makes an M in `memory`, `bytes` long and zeroed. Without malloc: it happens under the scheduler's lock, and a
  /// preempted G may hold malloc's.
  static func make(
    in memory: UnsafeMutableRawPointer, id: Int, region: RegionFile, tracing: Bool
  ) -> UnsafeMutablePointer<MRecord> {
    precondition(MemoryLayout<MOwned>.size <= 512 && MemoryLayout<MRecord>.size <= 256, "an M's parts fit")
    let record = unsafe memory.bindMemory(to: MRecord.self, capacity: 1)
    unsafe record.initialize(to: MRecord(memory, id: id, region: region, tracing: tracing))
    return unsafe record
  }

  private init(_ memory: UnsafeMutableRawPointer, id: Int, region: RegionFile, tracing: Bool) {
    self.id = id
    self.tracing = tracing
    shared = region.m(id)
    unsafe fiber = (memory + 256).bindMemory(to: mpg_fiber.self, capacity: 1)
    unsafe fiber.initialize(to: mpg_fiber())
    unsafe wakeUp = (memory + 384).bindMemory(to: Atomic<UInt32>.self, capacity: 1)
    unsafe wakeUp.initialize(to: Atomic(0))
    unsafe stop = (memory + MPG_STOP_OFFSET).bindMemory(to: Atomic<UInt32>.self, capacity: 1)
    unsafe stop.initialize(to: Atomic(0))
    unsafe insideAt = (memory + MPG_STOP_OFFSET + 8).bindMemory(to: Atomic<UInt>.self, capacity: 1)
    unsafe insideAt.initialize(to: Atomic(0))
    unsafe owned = (memory + 512).bindMemory(to: MOwned.self, capacity: 1)
    unsafe owned.initialize(to: MOwned(lane: region.lane(m: id), seed: UInt64(id) &+ Clock.now))
  }
}

/// What changes of an M. Owner: its thread; its waker from `popIdleM` to `wake`, while the thread sleeps or is about to.
private struct MOwned {
  let ownLane: Lane
  /// The P's lane while it holds one, else `ownLane`.
  var lane: Lane
  var p: P?
  /// The P that it put on offer when it went into a system call.
  var offered: P?
  var g: G?
  /// The time of the stop that began the scheduling step, in ticks; 0: it is over. See Moves.swift.
  var step: UInt64 = 0
  /// From where it took the G that it runs next, or runs.
  var found = RunSource.untold
  var request = Request.park
  var reason = WaitReason.none
  var waitingOn: UInt64 = 0
  var commit = Commit.nothing
  /// Whether it is counted in `SchedField.spinningMs`.
  var isSpinning = false
  /// Whether its last search left a G alone that its P was about to run: Spinning §6.
  var sawHandOver = false
  var random: CheapRandom
  /// The P to go on with after waking, and whether to search for work first.
  var nextP: P?
  var nextSpinning = false
  /// Whether its thread is to end instead (Ending.swift).
  var mustEnd = false
  /// Whether a thread was this M before.
  var hasBegun = false
  /// The M behind it on the list of the idle.
  var nextIdle: M?
  /// What sysmon knows of it while it is adrift. Owner: sysmon.
  var drift = Drift.Entry()

  init(lane: Lane, seed: UInt64) {
    ownLane = lane
    self.lane = lane
    random = CheapRandom(seed: seed)
  }
}

/// A handle to an M.
///
/// Safe because: records of Ms are never freed while the process lives.
@safe struct M: Equatable {
  private let pointer: UnsafeMutablePointer<MRecord>

  init(_ pointer: UnsafeMutablePointer<MRecord>) { unsafe self.pointer = pointer }

  /// The M of the calling thread. Never keep it over a park: the G may wake up on another.
  @inline(__always)
  static var current: M? {
    guard let raw = unsafe mpg_current() else { return nil }
    return unsafe M(raw.assumingMemoryBound(to: MRecord.self))
  }

  func becomeCurrent() { unsafe mpg_set_current(pointer) }

  static func == (a: M, b: M) -> Bool { unsafe a.pointer == b.pointer }

  var raw: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(pointer) }

  @inline(__always) var id: Int { unsafe pointer.pointee.id }
  @inline(__always) var shared: Block<MField> { unsafe pointer.pointee.shared }
  @inline(__always) var tracing: Bool { unsafe pointer.pointee.tracing }
  @inline(__always) var lane: Lane { unsafe owned.pointee.lane }
  @inline(__always) var fiber: UnsafeMutablePointer<mpg_fiber> { unsafe pointer.pointee.fiber }
  @inline(__always) private var owned: UnsafeMutablePointer<MOwned> { unsafe pointer.pointee.owned }
  /// The P that it holds; traps when it holds none.
  @inline(__always) var p: P { unsafe owned.pointee.p.unsafelyUnwrapped }
  @inline(__always) var heldP: P? { unsafe owned.pointee.p }
  @inline(__always) var g: G? {
    get { unsafe owned.pointee.g }
    nonmutating set { unsafe owned.pointee.g = newValue }
  }
  @inline(__always) var step: UInt64 {
    get { unsafe owned.pointee.step }
    nonmutating set { unsafe owned.pointee.step = newValue }
  }
  var isSpinning: Bool {
    get { unsafe owned.pointee.isSpinning }
    nonmutating set { unsafe owned.pointee.isSpinning = newValue }
  }
  var sawHandOver: Bool {
    get { unsafe owned.pointee.sawHandOver }
    nonmutating set { unsafe owned.pointee.sawHandOver = newValue }
  }
  var nextIdle: M? {
    get { unsafe owned.pointee.nextIdle }
    nonmutating set { unsafe owned.pointee.nextIdle = newValue }
  }
  var drift: Drift.Entry {
    get { unsafe owned.pointee.drift }
    nonmutating set { unsafe owned.pointee.drift = newValue }
  }
  @inline(__always) var found: RunSource {
    get { unsafe owned.pointee.found }
    nonmutating set { unsafe owned.pointee.found = newValue }
  }
  var request: Request { unsafe owned.pointee.request }
  var reason: WaitReason { unsafe owned.pointee.reason }
  var waitingOn: UInt64 { unsafe owned.pointee.waitingOn }
  var commit: Commit { unsafe owned.pointee.commit }

  /// Notes what the running G wants before it leaves.
  @inline(__always)
  func ask(_ request: Request, _ reason: WaitReason = .none, on: UInt64 = 0, commit: Commit = .nothing) {
    unsafe owned.pointee.request = request
    unsafe owned.pointee.reason = reason
    unsafe owned.pointee.waitingOn = on
    unsafe owned.pointee.commit = commit
  }

  func random(below limit: Int) -> Int { unsafe owned.pointee.random.next(below: limit) }

  /// Says what the thread is doing now.
  func setState(_ state: MState) { setState(state, at: stamp()) }

  /// The same at a moment that the caller has read, as `stamp` gives it.
  @inline(__always)
  func setState(_ state: MState, at now: UInt64) {
    shared[.since].set(now)
    shared[.state].publish(UInt64(state.rawValue))
  }

  // MARK: holding a P

  /// Takes hold of `p`, which nobody else holds: it came off the idle list, or was handed over.
  func acquire(_ p: P) {
    unsafe owned.pointee.p = p
    unsafe owned.pointee.lane = p.lane
    p.beginSlice()
    p.change(to: isSpinning ? .spinning : .running)
    shared[.p].set(UInt64(p.id + 1))
    emitOther(.procStart, on: p.lane, at: stamp(), count: p.id) { p.shared[.m].publish(UInt64(id + 1)) }
    Sysmon.noteActivity()
  }

  /// Puts its P on offer (Syscall §2): from here on it touches neither P nor lane.
  func offerP(at now: UInt64) {
    let p = p
    unsafe owned.pointee.offered = p
    p.change(to: .syscall, at: now)
    shared[.p].set(0)
    unsafe owned.pointee.p = nil
    unsafe owned.pointee.lane = owned.pointee.ownLane
    p.offer(by: self)
  }

  /// The P that it put on offer last.
  var offeredP: P { unsafe owned.pointee.offered.unsafelyUnwrapped }

  /// Takes back the P that it has just claimed: nobody touched it.
  func retakeOwn(_ p: P, at now: UInt64) {
    unsafe owned.pointee.p = p
    unsafe owned.pointee.lane = p.lane
    p.change(to: .running, at: now)
    shared[.p].set(UInt64(p.id + 1))
  }

  /// Lets go of its P. The caller, under the scheduler's lock, puts it on the idle list.
  func release() -> P {
    let p = p
    emitOther(.procStop, on: p.lane, at: stamp(), count: p.id) { p.shared[.m].publish(0) }
    p.change(to: .idle)
    shared[.p].set(0)
    unsafe owned.pointee.p = nil
    unsafe owned.pointee.lane = owned.pointee.ownLane
    return p
  }

  // MARK: standing still

  /// Tells the signal handler where to say that this thread stands still, and sysmon where to see that it is inside the
  /// runtime. By the thread itself.
  func showStopWord() {
    let inside = unsafe UInt(bitPattern: mpg_stop_word(pointer.pointee.stop))
    unsafe pointer.pointee.insideAt.pointee.store(inside, ordering: .releasing)
  }

  /// About to go into a system call, with its P on offer: answers a request to stop (Syscall §4).
  @inline(__always)
  func answerBeforeCall() {
    if unsafe mpg_is_asked(pointer.pointee.stop) { mpg_answer_before_call() }
  }

  /// Its thread ends. By the thread itself.
  func hideStopWord() {
    unsafe pointer.pointee.insideAt.pointee.store(0, ordering: .releasing)
    mpg_forget_thread()
  }

  /// Whether its thread is inside the runtime; or has not got so far as to say. Exact after `mpg_all_threads_barrier`
  /// for a thread whose stop word was changed before (Drift §3).
  var isInside: Bool {
    let address = unsafe pointer.pointee.insideAt.pointee.load(ordering: .acquiring)
    return unsafe address == 0 || mpg_is_inside_there(UnsafeRawPointer(bitPattern: address))
  }

  /// The futex word that ends its sleep.
  var bell: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(pointer.pointee.wakeUp) }

  /// What its stop word says: see `MPG_RUNS` and its neighbours.
  enum Stop: UInt32 {
    case runs = 0
    case asked = 1
    case signalled = 2
    case insisted = 3
    case leftANote = 4
    case wasBusy = 5
    case standsStill = 6
    case onLoan = 7
    case beingTaken = 8
    case adrift = 9
  }

  /// Acquires what the thread did before it answered.
  var stop: Stop {
    Stop(rawValue: unsafe pointer.pointee.stop.pointee.load(ordering: .sequentiallyConsistent)) ?? .runs
  }

  /// Whether the word was `old`, and is `new` now. Acquires and releases.
  func changeStop(_ old: Stop, _ new: Stop) -> Bool {
    unsafe pointer.pointee.stop.pointee.compareExchange(
      expected: old.rawValue, desired: new.rawValue, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Takes a request back; false when it was answered meanwhile. By sysmon.
  func retract() -> Bool { changeStop(.asked, .runs) }

  /// Sends the signal that stops it wherever it is, if it is asked to. By sysmon.
  func signal() { mpg_preempt_thread(Int32(truncatingIfNeeded: shared[.tid].relaxed)) }

  /// Asks it to stop, which it does when it next leaves the runtime. By sysmon; false when an earlier request is still
  /// under way.
  func askToStop() -> Bool { changeStop(.runs, .asked) }

  /// Lets a thread that stands still, or is on loan, run with all rights; takes back a note's mark. Releases what was
  /// done on its behalf.
  func letGo() {
    let old = unsafe pointer.pointee.stop.pointee.exchange(
      Stop.runs.rawValue, ordering: .acquiringAndReleasing)
    if old == Stop.standsStill.rawValue { unsafe mpg_futex_wake(pointer.pointee.stop, 1) }
  }

  /// Lends a thread that stands still time without a P; false when somebody granted it one meanwhile. By sysmon.
  func lend() -> Bool {
    guard changeStop(.standsStill, .onLoan) else { return false }
    unsafe mpg_futex_wake(pointer.pointee.stop, 1)
    return true
  }

  /// Has a thread on loan, or adrift, stand still again, soon. By sysmon.
  func recall() { if stop == .onLoan || stop == .adrift { signal() } }

  /// Whether its thread sleeps in the kernel, as the system says.
  enum Sleep: Equatable {
    case awake
    case unknown
    case asleep(forLock: Bool)
  }

  /// Costs three system calls.
  var sleep: Sleep {
    switch mpg_thread_sleeps_in(Int32(truncatingIfNeeded: shared[.tid].relaxed)) {
    case Int32(MPG_AWAKE): .awake
    case Int32(MPG_SLEEP_UNKNOWN): .unknown
    case let call: .asleep(forLock: mpg_is_futex(call))
    }
  }

  /// CPU time that its thread has used, in nanoseconds; nil when it cannot be known. Costs a system call.
  var cpuTime: UInt64? {
    let used = mpg_thread_cpu(Int32(truncatingIfNeeded: shared[.tid].relaxed))
    return used < 0 ? nil : UInt64(used)
  }

  /// What it has used since its CPU time was `start`, in ticks; nil when it cannot be known. Only differences become ticks:
  /// when the clock is calibrated anew, the whole would jump.
  func cpuUsed(since start: UInt64?) -> UInt64? {
    guard let start, let now = cpuTime else { return nil }
    return Clock.ticks(nanoseconds: now.excess(over: start))
  }

  // MARK: sleeping and waking

  /// Hands a P over to an M that sleeps, or is about to. Then `wake` it.
  func prepare(nextP: P, spinning: Bool) {
    unsafe owned.pointee.nextP = nextP
    unsafe owned.pointee.nextSpinning = spinning
  }

  /// What the waker handed over.
  func takeNext() -> (p: P, spinning: Bool)? {
    guard let p = unsafe owned.pointee.nextP else { return nil }
    unsafe owned.pointee.nextP = nil
    return unsafe (p, owned.pointee.nextSpinning)
  }

  /// Has its thread end when it wakes up. By who took it off the list of idle Ms; then `wake` it.
  func tellToEnd() { unsafe owned.pointee.mustEnd = true }

  /// Whether its thread is to end; asked once.
  func takeEnd() -> Bool {
    defer { unsafe owned.pointee.mustEnd = false }
    return unsafe owned.pointee.mustEnd
  }

  /// Whether a thread is this M for the first time; asked once by each.
  func beginsFirst() -> Bool {
    defer { unsafe owned.pointee.hasBegun = true }
    return unsafe !owned.pointee.hasBegun
  }

  /// Ends its sleep, or keeps it from falling asleep. Any thread.
  func wake() {
    // release: pairs with the acquire in `sleepUntilWoken`; publishes what `prepare` wrote
    unsafe pointer.pointee.wakeUp.pointee.store(1, ordering: .releasing)
    unsafe mpg_futex_wake(pointer.pointee.wakeUp, 1)
  }

  /// Sleeps until `wake` was called since the last time, or `nanoseconds` have passed (< 0: without limit).
  func sleepUntilWoken(nanoseconds: Int64 = -1) {
    let wakeUp = unsafe pointer.pointee.wakeUp
    while unsafe wakeUp.pointee.exchange(0, ordering: .acquiring) == 0 {
      let result = unsafe mpg_futex_wait(wakeUp, 0, nanoseconds)
      if nanoseconds >= 0, result != 0 {  // time-out, or woken in between: the caller looks again
        unsafe _ = wakeUp.pointee.exchange(0, ordering: .acquiring)
        return
      }
    }
  }
}
