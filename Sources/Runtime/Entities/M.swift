// M: a thread. It runs Gs while it holds a P. Without a P it sleeps, or it is one of the runtime's own threads.
import CMPG
import Region
import Synchronization

/// What a G that stops running asks of the code on its M's scheduling stack.
enum Request {
  case park
  /// Give way, because sysmon asked for the end of the slice.
  case preempt
  /// Wait for a turn: the system call is over, and the M lost its P meanwhile.
  case syscallExit
  case yield
  case exit
}

/// The work that is left to an M after a parking G has left its own stack. Before that, no other M may find the G and
/// run it.
enum Commit {
  case nothing
  /// Release the lock under which the G was put into a wait queue.
  case unlock(Lock)
  /// Let other threads end the wait, and release the locks under which they can find it. When one of them has already
  /// ended the wait, the G goes on at once. See Claim.
  case claimable(HeldLocks)
  /// Mark the G as parked in the side of a poll descriptor where it has announced itself. When readiness came first,
  /// the G goes on at once. See PollDescriptor.
  case poll(PollSide)
  /// As `poll`, after the stack, which the G has left for good, was given back. See Rest.
  case rest(PollSide)
}

/// The private half of an M: what is constant after its start. Its pointers point to memory that is never freed.
@safe struct MRecord: ~Copyable {
  let id: Int
  let shared: Block<MField>
  let tracing: Bool
  /// The context of the thread's own stack, on which all scheduling happens.
  let fiber: UnsafeMutablePointer<mpg_fiber>
  /// The futex word on which the thread sleeps; 1: it was woken, and has not noticed that yet. Any thread may use it.
  fileprivate let wakeUp: UnsafeMutablePointer<Atomic<UInt32>>
  /// The stop word: whether the thread may run; see Preempt.swift. Any thread may use it.
  fileprivate let stop: UnsafeMutablePointer<Atomic<UInt32>>
  /// The address at which the thread keeps whether it is inside the runtime; 0: the thread has not begun. Any
  /// thread may use it.
  fileprivate let insideAt: UnsafeMutablePointer<Atomic<UInt>>
  fileprivate let owned: UnsafeMutablePointer<MOwned>

  /// The size of the memory of an M's private half, in bytes. `MRecord`, the fiber, the futex word, the stop word and
  /// `MOwned` lie in it, each on cache lines that the others do not use.
  static let bytes = 1024

  /// Makes an M in `memory`, which is `bytes` long and zeroed. Calls no malloc: it runs under the scheduler's lock, and
  /// a preempted G may hold malloc's lock.
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

/// The mutable part of an M. Its owner is the M's own thread; while that thread sleeps or is about to, the
/// owner is the thread that wakes it, from `popIdleM` to `wake`.
private struct MOwned {
  let ownLane: Lane
  /// The lane of the P while the M holds one, else `ownLane`.
  var lane: Lane
  var p: P?
  /// The P that the M put on offer when it went into a system call.
  var offered: P?
  var g: G?
  /// The moment at which a G stopped and this scheduling step began, in ticks; 0: no step is under way. See
  /// Moves.swift.
  var step: UInt64 = 0
  /// The source of the G that the M runs, or runs next.
  var found = RunSource.untold
  var request = Request.park
  var reason = WaitReason.none
  var waitingOn: UInt64 = 0
  var commit = Commit.nothing
  /// Whether `SchedField.spinningMs` counts this M.
  var isSpinning = false
  /// Whether the M's last search left a G alone because the G's P was about to run it: Spinning §6.
  var sawHandOver = false
  var random: CheapRandom
  /// The P with which the M goes on after it wakes, and whether the M searches for work first.
  var nextP: P?
  var nextSpinning = false
  /// Whether the thread must end when it wakes up (Ending.swift).
  var mustEnd = false
  /// Whether a thread has already run as this M.
  var hasBegun = false
  /// The next M on the list of idle Ms.
  var nextIdle: M?
  /// What sysmon knows about this M while the M is adrift. Owner: sysmon.
  var drift = Drift.Entry()

  init(lane: Lane, seed: UInt64) {
    ownLane = lane
    self.lane = lane
    random = CheapRandom(seed: seed)
  }
}

/// A handle to an M. A copy refers to the same M.
///
/// Safe because: records of Ms are never freed while the process lives.
@safe struct M: Equatable {
  private let pointer: UnsafeMutablePointer<MRecord>

  init(_ pointer: UnsafeMutablePointer<MRecord>) { unsafe self.pointer = pointer }

  /// The M of the calling thread. Never keep it over a park: the G may wake up on another M.
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
  /// The P that the M holds; traps when it holds none.
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

  /// Notes what the running G wants from the scheduling stack. Call it just before the G leaves its own stack.
  @inline(__always)
  func ask(_ request: Request, _ reason: WaitReason = .none, on: UInt64 = 0, commit: Commit = .nothing) {
    unsafe owned.pointee.request = request
    unsafe owned.pointee.reason = reason
    unsafe owned.pointee.waitingOn = on
    unsafe owned.pointee.commit = commit
  }

  func random(below limit: Int) -> Int { unsafe owned.pointee.random.next(below: limit) }

  /// Publishes what the thread does from now on.
  func setState(_ state: MState) { setState(state, at: stamp()) }

  /// As `setState`, at a moment that the caller has read with `stamp`.
  @inline(__always)
  func setState(_ state: MState, at now: UInt64) {
    shared[.since].set(now)
    shared[.state].publish(UInt64(state.rawValue))
  }

  // MARK: holding a P

  /// Takes hold of `p`, which no M holds: `p` came off the idle list, or was handed over.
  func acquire(_ p: P) {
    if Pace.isOn { p.ask(for: .pace) }  // a P that is new, or opened again, was perhaps not asked
    unsafe owned.pointee.p = p
    unsafe owned.pointee.lane = p.lane
    p.beginSlice()
    p.change(to: isSpinning ? .spinning : .running)
    shared[.p].set(UInt64(p.id + 1))
    emitOther(.procStart, on: p.lane, at: stamp(), count: p.id) { p.shared[.m].publish(UInt64(id + 1)) }
    Sysmon.noteActivity()
  }

  /// Puts the M's P on offer (Syscall §2). From here on the M must touch neither that P nor its lane.
  func offerP(at now: UInt64) {
    let p = p
    unsafe owned.pointee.offered = p
    p.change(to: .syscall, at: now)
    shared[.p].set(0)
    unsafe owned.pointee.p = nil
    unsafe owned.pointee.lane = owned.pointee.ownLane
    p.offer(by: self)
  }

  /// The P that the M put on offer last.
  var offeredP: P { unsafe owned.pointee.offered.unsafelyUnwrapped }

  /// Takes back the P that the M has just claimed again; no other thread touched the P meanwhile.
  func retakeOwn(_ p: P, at now: UInt64) {
    unsafe owned.pointee.p = p
    unsafe owned.pointee.lane = p.lane
    p.change(to: .running, at: now)
    shared[.p].set(UInt64(p.id + 1))
  }

  /// Lets go of the M's P and returns it. The caller must pass the P on: to another M, or to `giveUp` under the
  /// scheduler's lock.
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

  /// Tells the signal handler where this thread's stop word is, and sysmon where to read whether the thread is inside
  /// the runtime. Call on the M's own thread.
  func showStopWord() {
    let inside = unsafe UInt(bitPattern: mpg_stop_word(pointer.pointee.stop))
    unsafe pointer.pointee.insideAt.pointee.store(inside, ordering: .releasing)
  }

  /// Answers a request to stop just before a system call, with the P already on offer (Syscall §4).
  @inline(__always)
  func answerBeforeCall() {
    if unsafe mpg_is_asked(pointer.pointee.stop) { mpg_answer_before_call() }
  }

  /// Takes back what `showStopWord` published, because the thread ends. Call on the M's own thread.
  func hideStopWord() {
    unsafe pointer.pointee.insideAt.pointee.store(0, ordering: .releasing)
    mpg_forget_thread()
  }

  /// Whether the thread is inside the runtime; also true before the thread has run `showStopWord`. Exact only after the
  /// stop word was changed and then `mpg_all_threads_barrier` was called (Drift §3).
  var isInside: Bool {
    let address = unsafe pointer.pointee.insideAt.pointee.load(ordering: .acquiring)
    return unsafe address == 0 || mpg_is_inside_there(UnsafeRawPointer(bitPattern: address))
  }

  /// The futex word on which the thread sleeps.
  var bell: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(pointer.pointee.wakeUp) }

  /// The values of the stop word; CMPG.h says at `MPG_RUNS` and the names below it what each means.
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

  /// The stop word's value. Acquires what the thread did before it answered.
  var stop: Stop {
    Stop(rawValue: unsafe pointer.pointee.stop.pointee.load(ordering: .sequentiallyConsistent)) ?? .runs
  }

  /// Changes the stop word from `old` to `new`; false when its value was not `old`. Acquires and releases.
  func changeStop(_ old: Stop, _ new: Stop) -> Bool {
    unsafe pointer.pointee.stop.pointee.compareExchange(
      expected: old.rawValue, desired: new.rawValue, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Takes a request to stop back; false when the thread has already answered it, or a signal is on its way to the
  /// thread. Called by sysmon.
  func retract() -> Bool { changeStop(.asked, .runs) }

  /// Sends the thread the signal that stops it wherever it runs, provided its stop word asks for that. Called by
  /// sysmon.
  func signal() { mpg_preempt_thread(Int32(truncatingIfNeeded: shared[.tid].relaxed)) }

  /// Asks the thread to stop when it next leaves the runtime; false when an earlier request is still under way. Called
  /// by sysmon.
  func askToStop() -> Bool { changeStop(.runs, .asked) }

  /// Lets the thread run freely again, whether it stands still, is on loan (Preempt §6) or left a note
  /// (Preempt §3). Releases what the caller did on the thread's behalf.
  func letGo() {
    let old = unsafe pointer.pointee.stop.pointee.exchange(
      Stop.runs.rawValue, ordering: .acquiringAndReleasing)
    if old == Stop.standsStill.rawValue { unsafe mpg_futex_wake(pointer.pointee.stop, 1) }
  }

  /// Lets a thread that stands still run for a while without a P (a loan: Preempt §6); false when the thread was
  /// granted a P meanwhile. Called by sysmon.
  func lend() -> Bool {
    guard changeStop(.standsStill, .onLoan) else { return false }
    unsafe mpg_futex_wake(pointer.pointee.stop, 1)
    return true
  }

  /// Makes a thread that is on loan or adrift (Drift §2) stand still again soon. Called by sysmon.
  func recall() { if stop == .onLoan || stop == .adrift { signal() } }

  /// Whether the thread sleeps in the kernel, according to the operating system.
  enum Sleep: Equatable {
    case awake
    case unknown
    case asleep(forLock: Bool)
  }

  /// Whether the thread sleeps, as the operating system tells. Costs three system calls.
  var sleep: Sleep {
    switch mpg_thread_sleeps_in(Int32(truncatingIfNeeded: shared[.tid].relaxed)) {
    case Int32(MPG_AWAKE): .awake
    case Int32(MPG_SLEEP_UNKNOWN): .unknown
    case let call: .asleep(forLock: mpg_is_futex(call))
    }
  }

  /// CPU time that the thread has used, in nanoseconds; nil when the system does not tell. Costs a system call.
  var cpuTime: UInt64? {
    let used = mpg_thread_cpu(Int32(truncatingIfNeeded: shared[.tid].relaxed))
    return used < 0 ? nil : UInt64(used)
  }

  /// CPU time that the thread has used since `cpuTime` was `start`, in ticks; nil when the system does not tell. It
  /// converts only the difference: a new calibration of the clock would make a converted total jump.
  func cpuUsed(since start: UInt64?) -> UInt64? {
    guard let start, let now = cpuTime else { return nil }
    return Clock.ticks(nanoseconds: now.excess(over: start))
  }

  // MARK: sleeping and waking

  /// Sets the P that the M takes when it wakes. The M sleeps, or is about to; call `wake` next.
  func prepare(nextP: P, spinning: Bool) {
    unsafe owned.pointee.nextP = nextP
    unsafe owned.pointee.nextSpinning = spinning
  }

  /// Returns the P that the waker handed over, and whether to search for work first, and clears both; nil:
  /// there is none.
  func takeNext() -> (p: P, spinning: Bool)? {
    guard let p = unsafe owned.pointee.nextP else { return nil }
    unsafe owned.pointee.nextP = nil
    return unsafe (p, owned.pointee.nextSpinning)
  }

  /// Makes the thread end when it wakes up. The caller has taken the M off the list of idle Ms; call `wake` next.
  func tellToEnd() { unsafe owned.pointee.mustEnd = true }

  /// Whether the thread must end. Clears the flag.
  func takeEnd() -> Bool {
    defer { unsafe owned.pointee.mustEnd = false }
    return unsafe owned.pointee.mustEnd
  }

  /// Whether this is the first thread to run as this M. True once, at the first call.
  func beginsFirst() -> Bool {
    defer { unsafe owned.pointee.hasBegun = true }
    return unsafe !owned.pointee.hasBegun
  }

  /// Ends the thread's sleep, or keeps it from falling asleep. Any thread.
  func wake() {
    // release: pairs with the acquire in `sleepUntilWoken`; publishes what `prepare` wrote
    unsafe pointer.pointee.wakeUp.pointee.store(1, ordering: .releasing)
    unsafe mpg_futex_wake(pointer.pointee.wakeUp, 1)
  }

  /// Sleeps until another thread calls `wake`, or has called it since the last sleep, or `nanoseconds` have passed. A
  /// negative number means no limit. Only with a limit it may also return early.
  func sleepUntilWoken(nanoseconds: Int64 = -1) {
    let wakeUp = unsafe pointer.pointee.wakeUp
    while unsafe wakeUp.pointee.exchange(0, ordering: .acquiring) == 0 {
      let result = unsafe mpg_futex_wait(wakeUp, 0, nanoseconds)
      // The time is over, or the futex was woken in between: return, and the caller looks again.
      if nanoseconds >= 0, result != 0 {
        unsafe _ = wakeUp.pointee.exchange(0, ordering: .acquiring)
        return
      }
    }
  }
}
