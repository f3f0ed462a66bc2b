// Starting Ms. A new M is a record, a block in the region, and a thread.
//
// §1 An M is made under the scheduler's lock, together with the decision that it is needed: `workers` grows, and a P
// is prepared for it. Its thread is started without the lock.
//
// §2 When no thread can be had (or the region has no room for another M), all of that is taken back under the lock: the
// P is idle again, spinningMs and `workers` go down, and the M is kept for the next try. Meanwhile a submitter may have
// relied on the thread to come: it saw spinningMs ≠ 0 and did nothing more (Spinning S2). So the gc thread is asked to
// look for work (Shortages §3), but only now, after spinningMs went down. That look sees every G whose submitter relied
// on the thread; a later submitter sees spinningMs = 0 and an idle P, and tries by itself. The netpoll thread is armed
// too, because a P went on the idle list (Netpoll §3).
//
// §3 The note (`wanted`, Spinning §4) is meant for an M that is on its way to sleep, between T1 and T4 of Spinning §3.
// A worker whose thread has yet to start is not that M: its P is prepared already, and the note is about another P,
// which is idle. A spare whose thread has yet to start may be that M, since it has no P. So if a spare's thread fails,
// the note is taken back, with its count in spinningMs. Otherwise that count would keep every submitter from waking an
// M, for ever. If another M was on its way to read the note, it finds none and sleeps, and the look of the gc thread
// wakes it 10 ms later at most. SpinningModel+Failures goes through all interleavings of this.
import CMPG
import Glibc
import Region

extension Scheduler {
  /// Makes an M that has no thread yet. Ends the process when there is no room for it. Called at boot only.
  func newM() -> M {
    do throws(SystemError) { return try makeM() } catch { fatal("no room for another M: \(error)") }
  }

  /// Makes an M that has no thread yet. Call under the lock, or at boot.
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

  /// Takes or makes an M that has no thread, and counts it among the workers; the caller must start its
  /// thread. nil: none can be had now; then the caller must first take back what it counted, and then ask for
  /// a look (§2). Call under the lock.
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

  /// The M with this number; nil when no such M was made yet.
  func m(_ id: Int) -> M? {
    guard id >= 0, id < Int(shared[.mCount].acquired) else { return nil }
    return unsafe M((record.pointee.ms + id * MRecord.bytes).assumingMemoryBound(to: MRecord.self))
  }

  /// Whether an M sleeps that could go on with a P (Preempt §5). If none does, asks the gc thread to start one. Called
  /// by sysmon.
  func hasSpare() -> Bool {
    if shared[.idleMs].relaxed != 0 { return true }
    gc.requestSpare()
    return false
  }

  /// Starts an M that holds no P and goes to sleep at once. `m` is the caller's M.
  func startSpare(by m: M) {
    lock.lock()
    // With more workers than Ps, some M sleeps, or is about to.
    guard workers <= psOpen, let spareM = takeM() else { return lock.unlock() }
    lock.unlock()
    unsafe startThread(spareM, spare, by: m)
  }

  /// Starts the thread of `other` with one of the functions below. When there is no thread to be had, takes back what
  /// was counted for it (§2). `m` is the caller's M.
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

  /// Starts a thread that the runtime cannot do without. Tries for two seconds, then ends the process.
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
  /// Makes the calling thread this M: names it, and publishes its state and its thread id.
  func begin(_ state: MState, name: String) {
    becomeCurrent()
    unsafe mpg_fiber_adopt(fiber)
    mpg_alternate_stack()
    // Mark the arena once per M, not once per thread: malloc gives the arena of a thread that has ended to the next
    // thread.
    if beginsFirst() { mpg_mark_arena() }
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

/// The body of a thread that runs Gs. The thread that started it has prepared a P for it.
let worker: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
  let m = unsafe M(argument: argument)
  m.begin(.running, name: "mpg-m\(m.id)")
  m.resume()
  m.scheduleForever()
}

/// The body of a thread that sleeps until another M hands it a P, and then runs Gs.
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
