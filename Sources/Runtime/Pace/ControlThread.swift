// The control thread: serves the control socket, and lets threads through the gate, at which they wait while the
// scheduler is held or slowed (Pace §2).
//
// §1 It is no M: it holds no P and writes no events. It runs only in a process that was started with control. It
// allocates nothing after its start, takes no lock but the gate's, and handles no signal: a goroutine that was stopped
// may hold malloc's lock, and this thread must be able to let the scheduler run free all the same.
//
// §2 One controller at a time. A second one gets an error line, and its connection is closed. When the controller's
// connection ends (it closes, crashes, or is killed), or stops reading answers, the scheduler runs free at once. So
// nothing that a controller does or leaves undone can keep the program still: the kernel ends the connection of a
// process that is gone.
//
// §3 Only this user may connect. The socket has mode 0600 in a folder of mode 0700. A path in the file system proves
// little, so the kernel is also asked for the user at the other end of each connection (SO_PEERCRED).
import CMPG
import Glibc
import Region
import Synchronization

struct ControlThread {
  /// The number of control threads, 0 or 1. `Outside.hasThreads` leaves this thread out, because it cannot make a G
  /// runnable.
  static var threads: Int { unsafe Pace.record == nil ? 0 : 1 }

  nonisolated(unsafe) private static var socket: ControlSocket?

  /// Opens the control socket, so that the scheduler can be held and slowed. At boot, before there are other threads.
  /// If there can be no socket, one line says why, and the program runs without control.
  static func prepare(_ region: RegionFile) {
    do throws(SystemError) {
      let opened = try ControlSocket(region)
      unsafe socket = opened
      Pace.prepare(region.sched, bell: opened.bell)
    } catch {
      MPG.tell("no control (\(error)): the program runs without it, and mpgtop cannot hold or slow it")
    }
  }

  /// Starts the thread, if there is a control socket. At boot, once.
  static func start() {
    guard unsafe socket != nil else { return }
    unsafe MPG.sched.startBootThread(nil, controlThread)
  }

  /// Removes the socket's file. Async-signal-safe.
  static func end() { unsafe socket?.unlink() }

  /// Closes the copies that a child of fork has of the sockets: a copy would keep the controller's connection open.
  static func forget() { unsafe socket?.closeAll() }

  private let turns: Pace.Turns
  /// When the next turn of a slowed scheduler is due, in nanoseconds of the system's clock.
  private var due: UInt64 = 0
  /// The step whose end the controller waits to hear of, and the moment at which the controller is answered even if the
  /// step goes on; nil: there is no such step.
  private var step: (m: Int, p: Int?, limit: UInt64)?
  /// A step that the controller asked for when no thread waited at the gate (Pace §2): the clock was just moved to a
  /// timer, or the scheduler was just held. The first thread that comes to the gate before `limit` takes the step.
  /// nil: there is no such step.
  private var wanted: (p: Int?, limit: UInt64)?

  /// How long an answer waits for the end of a step, or for a thread to come to the gate, in nanoseconds.
  private static let patience: UInt64 = 50_000_000

  /// The loop of the control thread.
  static func run() -> Never {
    mpg_block_signals()
    mpg_thread_punctual()
    unsafe mpg_thread_name("mpg-control")
    guard let turns = Pace.Turns() else { fatal("a control thread without a gate") }
    var thread = ControlThread(turns: turns)
    while true { thread.turn() }
  }

  private init(turns: Pace.Turns) { self.turns = turns }

  private mutating func turn() {
    let news = unsafe Self.socket!.wait(nanoseconds: rest)
    let now = mpg_clock_nanoseconds()
    switch news {
    case .none: break
    case .line(let command): obey(command, now)
    case .nonsense: unsafe Self.socket!.refuse("no such command; see docs/control.md")
    case .left: leave()
    }
    settle(now)
    takeTurns(now)
  }

  /// How long nothing needs to be done, in nanoseconds; < 0: until the bell or the socket wakes this thread.
  private var rest: Int64 {
    let now = mpg_clock_nanoseconds()
    var next = UInt64.max
    if turns.pace == .slow { next = min(next, due) }
    if let step { next = min(next, step.limit) }
    if let wanted { next = min(next, wanted.limit) }
    return next == .max ? -1 : Int64(clamping: next.excess(over: now))
  }

  /// Lets the scheduler run free, because the controller is gone.
  private mutating func leave() {
    (step, wanted) = (nil, nil)
    turns.release()
  }

  @inline(never)
  private mutating func obey(_ command: ControlCommand, _ now: UInt64) {
    guard step == nil, wanted == nil else {
      return unsafe Self.socket!.refuse("the answer to the last step is still to come")
    }
    switch command {
    case .hold: turns.pace(nil)
    case .slow(let rate):
      turns.pace(rate)
      due = now
    case .release: turns.release()
    case .state: break
    case .step(let p):
      if turns.pace != .held { turns.pace(nil) }
      return begin(p, now)
    }
    answer()
  }

  @inline(never)
  private func answer(stepped: ControlState.Step? = nil) {
    let state = ControlState(
      pace: turns.pace, rate: Int(truncatingIfNeeded: MPG.sched.shared[.paceRate].relaxed),
      waiting: turns.waiting, stepped: stepped)
    unsafe Self.socket!.answer(state)
  }

  // MARK: steps

  private mutating func begin(_ p: Int?, _ now: UInt64) {
    if grant(p, now) { return }
    // No thread waits at the gate. If no work is under way either, the next to act is a timer, so move the clock to it.
    if p == nil, isAtRest { turns.skipToTimer() }
    wanted = (p, now + Self.patience)
  }

  /// Whether no P runs a G or searches for one, and no G waits for a P: then only a timer, or the outside world, can
  /// bring work.
  private var isAtRest: Bool {
    let sched = MPG.sched
    return !sched.hasWork && (0..<sched.psBound).allSatisfy { !sched.p($0).isHeldForGs }
  }

  private mutating func grant(_ p: Int?, _ now: UInt64) -> Bool {
    guard let granted = turns.grant(p: p) else { return false }
    step = (granted.m.id, granted.p, now + Self.patience)
    return true
  }

  /// Answers a step that is over, or that has lasted too long to wait for.
  @inline(never)
  private mutating func settle(_ now: UInt64) {
    if let wanted, grant(wanted.p, now) || now >= wanted.limit {
      self.wanted = nil
      if step == nil { answer() }
    }
    guard let step else { return }
    let isOver = !turns.isUnderWay(step.m)
    guard isOver || now >= step.limit else { return }
    self.step = nil
    answer(stepped: ControlState.Step(m: step.m, p: step.p, isOver: isOver))
  }

  // MARK: slow

  /// When the control thread had no CPU for a while, it makes up for at most this many turns that became due meanwhile.
  private static let mostLate: UInt64 = 20

  /// Lets one thread through for each turn of a slowed scheduler that is due. A turn for which no thread waited is
  /// lost.
  @inline(never)
  private mutating func takeTurns(_ now: UInt64) {
    guard turns.pace == .slow else { return }
    let pause = 1_000_000_000 / max(1, MPG.sched.shared[.paceRate].relaxed)
    while due <= now {
      due += pause
      if turns.grant() == nil || due + Self.mostLate * pause < now {
        due = max(due, now + pause)
        break
      }
    }
  }
}

let controlThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
  ControlThread.run()
}
