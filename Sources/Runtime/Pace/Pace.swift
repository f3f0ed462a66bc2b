// Pace: the scheduler is held, stepped and slowed from outside, so that people can watch it decide.
//
// §1 The problem. A scheduler makes a million decisions a second; nobody can see one. A debugger stops threads anywhere,
// with locks held, and what the screen then shows is half of a move. We want all Ps to stop *between* two decisions, where
// the region is exact, and to go on by one decision of one P, or by a given number of decisions a second. The process that
// asks for that, the controller, may be killed at any moment, and then the program must go on as if nothing had been. And
// a program that was not started with control must not pay for this with a single instruction.
//
// §2 The gate. A thread that comes to its next decision stands at the gate until the control thread lets it through.
// Gates are
//     • the top of the search for work (FindRunnable), for the M that holds a P;
//     • the moment at which a G leaves the runtime (Enter): it has just made a G ready, spawned a G, or filled a queue;
//     • the moment at which a thread wakes up with a P, before it takes hold of the P;
//     • the moment at which the netpoll thread has names of descriptors from the kernel, or a due timer, and before it
//       makes a G ready.
// A thread stands only if it has written an event since it was last let through. So a decision is what a thread does
// between two gates: mostly one event, or the events of one batch, such as a steal and the start of the first G that
// was stolen. (With a gate inside that batch, the G would be on no queue for as long as the thread stands.) No gate is
// under a lock. So nothing waits for a thread at a gate, except for what only that thread's next decision can bring.
//
// §3 No cost when off. The check for a gate is part of a check that the code makes anyway: of the P's `attention` at
// the top of the search, and of the thread's note where a G leaves the runtime. For a gate both are set only while the
// scheduler is paced. A thread that is let through sets its own note again, so that it comes to its next gate. The
// other gates are on slow paths.
//
// §4 The protocol. One lock guards the mode, and the line of the Ms that wait at the gate.
//     M:        mode = free?  go on.   lock;  mode = free?  unlock, go on.   word ← waits, join the line;  unlock;
//               sleep on the word while it says `waits`
//     control:  lock;  take an M out of the line, its word ← goes;  unlock;  wake it
//     release:  lock;  mode ← free;  all words in the line ← goes;  unlock;  wake them all
// The second look at the mode, under the lock, is needed: without it an M that looked before a release joins the line
// after it, and waits for ever (PaceModel). A wake that comes before the sleep is not lost, because a futex sleeps only
// while the word still says `waits`. Release is what the control thread does first when the controller's connection
// ends, however it ends (ControlThread); the kernel closes the connection of a process that was killed.
//
// §5 Threads that run user code do not come to a gate by themselves. Sysmon asks each of them once to stop, as for
// preemption (Preempt §3), so the thread comes when its G next leaves the runtime. A G that computes on and on is
// stopped by the signal like any hog, after a slice of CPU time (Watch).
//
// §6 Sysmon must go on looking, so it never stands. Before it takes a P from a system call it joins the line without
// waiting, and acts at a later look, when it has been let through (`mayAct`). While the scheduler is held, sysmon does
// nothing else. The gate cannot hold what happens outside of the runtime: what the kernel does to a thread, and what a
// call returns.
//
// §7 The runtime's clock (PaceClock) stands still while threads wait at the gate. So a sleep of 50 ms takes as many
// decisions of the other Gs as it would take in a scheduler that runs free, and ends no earlier.
import CMPG
import Region
import Synchronization

enum Pace {
  /// What threads read and write at the gate. Made at boot when the process can be paced; never freed.
  ///
  /// Safe because: there is a gate for each M that there can be, and gates are never freed.
  @safe struct Record: ~Copyable {
    /// 1 while threads must stand at the gate. Written under `lock`; a reader without the lock takes it as a hint.
    let isOn = Atomic<UInt32>(0)
    let clock = Atomic<UInt64>(0)
    let lock = Lock()
    let shared: Block<SchedField>
    /// One for each M.
    let gates: UnsafeMutablePointer<Gate>
    /// The line, under `lock`: the numbers of the Ms that wait, in the order in which they came.
    var line: [Int] = []
    /// How many Ms were let through and have not come to their next gate. Under `lock`.
    var underWay = 0
    /// Whether only single steps are granted. Under `lock`.
    var isHeld = false
    /// Grows whenever the scheduler is held or slowed anew, so that each thread stands once at least.
    /// Written under `lock`.
    let round = Atomic<UInt64>(0)
    /// An eventfd that ends the control thread's wait.
    let bell: Int32

    init(_ shared: Block<SchedField>, bell: Int32) {
      (self.shared, self.bell) = (shared, bell)
      unsafe gates = .allocate(capacity: Capacity.ms)
      for id in 0..<Capacity.ms { unsafe (gates + id).initialize(to: Gate()) }
      // Joining the line must not allocate: a stopped G may hold malloc's lock.
      line.reserveCapacity(Capacity.ms)
    }
  }

  /// One M's place at the gate.
  struct Gate: ~Copyable {
    let word = Atomic<UInt32>(Word.goes.rawValue)
    /// Whether the M was let through and has not come to its next gate. Under the lock.
    var isUnderWay = false
    /// The round in which the M last came to the gate. Only the M writes it.
    let round = Atomic<UInt64>(0)
    /// The P that the M held when it last came to the gate (−1: none), and the position of its lane at that moment.
    /// Owner: the M.
    var p = -1
    var position: UInt64 = 0
  }

  /// The values of a gate's word.
  enum Word: UInt32 {
    case goes = 0
    case waits = 1
    /// Sysmon stands in the line before the gate. It does not sleep there, but asks again at its later looks.
    case asks = 2
  }

  nonisolated(unsafe) private(set) static var record: UnsafeMutablePointer<Record>?

  /// Makes the record that `stand` needs, so that the scheduler can be held and slowed. At boot, before its threads
  /// start.
  static func prepare(_ shared: Block<SchedField>, bell: Int32) {
    let new = UnsafeMutablePointer<Record>.allocate(capacity: 1)
    unsafe new.initialize(to: Record(shared, bell: bell))
    unsafe record = new
    shared[.pace].set(UInt64(Pacing.free.rawValue))
  }

  /// Whether threads must stand at the gate: only a hint.
  static var isOn: Bool {
    guard let record = unsafe record else { return false }
    return unsafe record.pointee.isOn.load(ordering: .relaxed) != 0
  }

  /// Whether the scheduler is held: only a hint.
  static var isHeld: Bool { isOn && sched.shared[.pace].relaxed == UInt64(Pacing.held.rawValue) }

  /// Whether this M waits at the gate: only a hint.
  static func stands(_ m: M) -> Bool {
    guard let record = unsafe record else { return false }
    return unsafe record.pointee.gates[m.id].word.load(ordering: .acquiring) == Word.waits.rawValue
  }

  /// Whether `m` has come to the gate since the scheduler was last held or slowed, and so comes again by itself: only a
  /// hint.
  static func knows(_ m: M) -> Bool {
    guard let record = unsafe record else { return false }
    let gate = unsafe record.pointee.gates + m.id
    return unsafe gate.pointee.round.load(ordering: .relaxed) == record.pointee.round.load(ordering: .relaxed)
  }

  // MARK: at the gate

  /// Stands at the gate until `m`, the M of the calling thread, may make its next decision. Returns at once if the
  /// scheduler is not paced, or if `m` has decided nothing since it was last let through.
  static func stand(_ m: M) {
    guard isOn, let record = unsafe record else { return }
    let gate = unsafe record.pointee.gates + m.id
    let round = unsafe record.pointee.round.load(ordering: .relaxed)
    guard unsafe hasDecided(m, gate, since: round) else { return }
    unsafe record.pointee.lock.lock()
    guard unsafe record.pointee.isOn.load(ordering: .relaxed) != 0 else {
      return unsafe record.pointee.lock.unlock()
    }
    unsafe noteArrival(at: gate, record)
    unsafe gate.pointee.word.store(Word.waits.rawValue, ordering: .relaxed)
    unsafe record.pointee.line.append(m.id)
    let since = Clock.now
    m.shared[.waitsSince].publish(since)
    unsafe settleClock(record)
    unsafe record.pointee.lock.unlock()
    unsafe mpg_eventfd_add(record.pointee.bell)
    while unsafe gate.pointee.word.load(ordering: .acquiring) == Word.waits.rawValue {
      unsafe _ = mpg_futex_wait(gate, Word.waits.rawValue, -1)
    }
    m.shared[.waitsSince].publish(0)
    goOn(m, since: since)
  }

  /// Whether the M must stand again: it has written an event or changed its P since it last stood, it has not stood in
  /// this round (`Record.round`), or it writes no events.
  private static func hasDecided(_ m: M, _ gate: UnsafeMutablePointer<Gate>, since round: UInt64) -> Bool {
    let (p, position) = (m.heldP?.id ?? -1, m.lane.counters[.position].relaxed)
    let isSame =
      unsafe gate.pointee.round.load(ordering: .relaxed) == round && gate.pointee.p == p
      && gate.pointee.position == position
    if isSame, m.tracing { return false }
    unsafe gate.pointee.round.store(round, ordering: .relaxed)
    unsafe (gate.pointee.p, gate.pointee.position) = (p, position)
    return true
  }

  /// Leaves the time at the gate, which ends here, out of the M's reckoning. For that the M forgets the time stamp of
  /// its step (Moves), and moves the moment at which its P last looked elsewhere (FindRunnable §2) forward by that
  /// time.
  private static func goOn(_ m: M, since: UInt64) {
    m.step = 0
    guard let p = m.heldP else { return }
    mpg_note()  // so that the M's next G comes to the gate when it leaves the runtime (§3)
    if p.lookedElsewhere > 1 { p.lookedElsewhere &+= Clock.now &- since }
  }

  /// Notes that the M's decision is over, because the M is at its next gate, or at rest. Call under the lock.
  static func noteArrival(
    at gate: UnsafeMutablePointer<Gate>, _ record: UnsafeMutablePointer<Record>
  ) {
    guard unsafe gate.pointee.isUnderWay else { return }
    unsafe gate.pointee.isUnderWay = false
    unsafe record.pointee.underWay -= 1
  }

  /// Notes that `m` goes to sleep without a P, or stands still in the signal handler. Either ends the decision for
  /// which `m` was let through.
  static func rests(_ m: M) {
    guard isOn, let record = unsafe record else { return }
    let gate = unsafe record.pointee.gates + m.id
    unsafe record.pointee.lock.lock()
    let wasUnderWay = unsafe gate.pointee.isUnderWay
    unsafe noteArrival(at: gate, record)
    unsafe settleClock(record)
    unsafe record.pointee.lock.unlock()
    if wasUnderWay { unsafe mpg_eventfd_add(record.pointee.bell) }
  }

  // MARK: sysmon (§6)

  /// Whether sysmon has asked to act since its look began. Owner: sysmon.
  nonisolated(unsafe) private static var sysmonWants = false

  /// Notes that sysmon begins a look at all Ps.
  static func beginLook() { unsafe sysmonWants = false }

  /// Notes that sysmon's look is over. If the look found nothing to do, sysmon leaves the line.
  static func endLook(_ sysmon: M) { if isOn, unsafe !sysmonWants { withdraw(sysmon) } }

  /// Whether sysmon may make a decision now. If not, sysmon is in the line from now on, and must ask again at a later
  /// look.
  static func mayAct(_ sysmon: M) -> Bool {
    guard isOn, let record = unsafe record else { return true }
    unsafe sysmonWants = true
    unsafe record.pointee.lock.lock()
    defer { unsafe record.pointee.lock.unlock() }
    guard unsafe record.pointee.isOn.load(ordering: .relaxed) != 0 else { return true }
    let gate = unsafe record.pointee.gates + sysmon.id
    if unsafe gate.pointee.isUnderWay {
      unsafe noteArrival(at: gate, record)
      unsafe settleClock(record)
      return true
    }
    if unsafe gate.pointee.word.load(ordering: .relaxed) == Word.goes.rawValue {
      unsafe gate.pointee.word.store(Word.asks.rawValue, ordering: .relaxed)
      unsafe record.pointee.line.append(sysmon.id)
      unsafe mpg_eventfd_add(record.pointee.bell)
    }
    return false
  }

  private static func withdraw(_ sysmon: M) {
    guard isOn, let record = unsafe record else { return }
    unsafe record.pointee.lock.lock()
    defer { unsafe record.pointee.lock.unlock() }
    let gate = unsafe record.pointee.gates + sysmon.id
    unsafe noteArrival(at: gate, record)
    guard unsafe gate.pointee.word.load(ordering: .relaxed) == Word.asks.rawValue else { return }
    unsafe gate.pointee.word.store(Word.goes.rawValue, ordering: .relaxed)
    unsafe record.pointee.line.removeAll { $0 == sysmon.id }
    unsafe settleClock(record)
  }
}
