// Starting Ms: a record, a block in the region, a thread.
//
// §1 An M is made under the scheduler's lock, together with the decision that it is needed: `workers` grows and the P
// is prepared for it. Its thread is started without the lock.
//
// §2 When there is no thread to be had (or no room for a further M in the region) all of that is taken back, under the
// lock: the P is idle again, spinningMs and `workers` go down, the M is kept for the next try. Meanwhile a submitter may
// have relied on the thread to come: it saw spinningMs ≠ 0 and did nothing more (Spinning S2). So a look is asked for
// (Shortages §3), and only now: the look comes after spinningMs went down, so it sees every G whose submitter relied on
// it; a submitter after that sees spinningMs = 0 and an idle P, and tries by itself. And the netpoll thread is armed,
// since a P went on the idle list (Netpoll §3).
//
// §3 The note (`wanted`, Spinning §4) stands for an M between T1 and T4. A worker to come does not count as that one: it
// has its P, so the idle P of which the note tells is another M's, which is on its way. A spare to come does, since it
// has none. So with a spare the note is taken back, and its count in spinningMs, which would else keep every submitter
// from waking anybody, for ever. If another M was on its way to read it, it sleeps, and the look wakes it 10 ms later at
// most. SpinningModel+Failures goes through all interleavings of this.
import CMPG
import Glibc
import Region

extension Scheduler {
  /// A new M without a thread, at boot.
  func newM() -> M {
    do throws(SystemError) { return try makeM() } catch { fatal("no room for another M: \(error)") }
  }

  /// A new M without a thread. Under the lock (or at boot).
  private func makeM() throws(SystemError) -> M {
    let id = unsafe guarded.pointee.mCount
    guard id < Capacity.ms else { throw SystemError(call: "an M beyond \(id)", errno: EAGAIN) }
    try region.allocateM(id)
    let memory = unsafe record.pointee.ms + id * MRecord.bytes
    let m = unsafe M(MRecord.make(in: memory, id: id, region: region, tracing: record.pointee.tracing))
    unsafe guarded.pointee.mCount = id + 1
    m.shared[.state].set(UInt64(MState.starting.rawValue))
    shared[.mCount].publish(UInt64(id + 1))
    return m
  }

  /// An M to start a thread for, counted among the workers; nil: not now, and the caller asks for a look once it has
  /// taken back what it counted (§2). Under the lock.
  func takeM() -> M? {
    guard shortages.threads.isOpen else { return nil }
    if let m = unsafe guarded.pointee.unstarted {
      unsafe guarded.pointee.unstarted = m.nextIdle
      m.shared[.state].set(UInt64(MState.starting.rawValue))
      workers += 1
      return m
    }
    do throws(SystemError) {
      let m = try makeM()
      workers += 1
      return m
    } catch {
      shortages.threads.failed()
      shortages.note(error.errno == EAGAIN ? .thread : .region, error.errno)
      return nil
    }
  }

  /// The M with this number; nil when there is none (yet).
  func m(_ id: Int) -> M? {
    guard id >= 0, id < Int(shared[.mCount].acquired) else { return nil }
    return unsafe M((record.pointee.ms + id * MRecord.bytes).assumingMemoryBound(to: MRecord.self))
  }

  /// Whether an M sleeps that could go on with a P (Preempt §5); if not, has one started. By sysmon.
  func hasSpare() -> Bool {
    if shared[.idleMs].relaxed != 0 { return true }
    gc.requestSpare()
    return false
  }

  /// Starts an M that holds no P and goes to sleep at once. `m` is the caller.
  func startSpare(by m: M) {
    lock.lock()
    // With more workers than Ps one sleeps, or is about to.
    guard workers <= psOpen, let spareM = takeM() else { return lock.unlock() }
    lock.unlock()
    unsafe startThread(spareM, spare, by: m)
  }

  /// Starts the thread of an M with one of the functions below; or takes back what was counted on it (§2). `m` is the
  /// caller.
  func startThread(
    _ other: M, _ body: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?,
    by m: M
  ) {
    let error = unsafe mpg_thread_start(body, other.raw)
    if error == 0 { return shortages.threads.succeeded() }
    lock.lock()
    if let (p, spinning) = other.takeNext() {
      giveUp(p, by: m)
      if spinning { shared[.spinningMs].subtract(1) }
    } else if unsafe guarded.pointee.wanted {
      unsafe guarded.pointee.wanted = false
      shared[.spinningMs].subtract(1)
    }
    workers -= 1
    other.shared[.state].set(UInt64(MState.none.rawValue))
    other.nextIdle = unsafe guarded.pointee.unstarted
    unsafe guarded.pointee.unstarted = other
    lock.unlock()
    netpoll.arm(m)
    shortages.threads.failed()
    shortages.note(.thread, error)
  }

  /// Starts a thread without which there is no runtime, an M's or another: tries for two seconds, then ends the process.
  func startBootThread(
    _ argument: UnsafeMutableRawPointer?,
    _ body: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
  ) {
    var error: Int32 = 0
    for round in 0..<11 {
      error = unsafe mpg_thread_start(body, argument)
      if error == 0 { return }
      usleep(1000 << UInt32(round))
    }
    PlainText.line { text in
      text.add("mpg: cannot start the runtime's own threads: errno ")
      text.add(UInt64(clamping: error))
      text.add("; see the limits on tasks and memory of this user or container")
    }
    exit(1)
  }
}

extension M {
  /// The thread says hello: from here on it is this M.
  func begin(_ state: MState, name: String) {
    becomeCurrent()
    unsafe mpg_fiber_adopt(fiber)
    mpg_alternate_stack()
    if beginsFirst() { mpg_mark_arena() }  // the arena of a thread that has ended goes to the next one
    showStopWord()
    shared[.tid].set(UInt64(UInt32(bitPattern: mpg_tid())))
    setState(state)
    emit(.mStart, arg: UInt64(UInt32(bitPattern: mpg_tid())))
    unsafe mpg_thread_name(name)
  }

  fileprivate init(argument: UnsafeMutableRawPointer?) {
    unsafe self.init(argument.unsafelyUnwrapped.assumingMemoryBound(to: MRecord.self))
  }
}

/// A thread that runs Gs; its waker has prepared a P for it.
let worker: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
  let m = unsafe M(argument: argument)
  m.begin(.running, name: "mpg-m\(m.id)")
  m.resume()
  m.scheduleForever()
}

/// A thread that will run Gs once somebody hands over a P.
let spare: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
  let m = unsafe M(argument: argument)
  m.begin(.parked, name: "mpg-m\(m.id)")
  m.sleepForP()
  m.scheduleForever()
}

let sysmonThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
  let m = unsafe M(argument: argument)
  m.begin(.sysmon, name: "mpg-sysmon")
  Sysmon.run(m)
}

let gcThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
  let m = unsafe M(argument: argument)
  m.begin(.gc, name: "mpg-gc")
  sched.gc.run(m)
}

let netpollThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
  let m = unsafe M(argument: argument)
  m.begin(.netpoll, name: "mpg-netpoll")
  sched.netpoll.run(m)
}
