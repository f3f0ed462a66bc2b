// Starting Ms: a record, a block in the region, a thread.
import CMPG
import Region

extension Scheduler {
  /// A new M without a thread. Under the lock (or at boot).
  func newM() -> M {
    let id = unsafe guarded.pointee.mCount
    guard id < Capacity.ms else { fatal("\(id) threads exist, the most that there can be") }
    do throws(SystemError) { try region.allocateM(id) } catch { fatal("no room for another M: \(error)") }
    let memory = unsafe record.pointee.ms + id * MRecord.bytes
    let m = unsafe M(MRecord.make(in: memory, id: id, region: region, tracing: record.pointee.tracing))
    unsafe guarded.pointee.mCount = id + 1
    m.shared[.state].set(UInt64(MState.starting.rawValue))
    shared[.mCount].publish(UInt64(id + 1))
    return m
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

  /// Starts an M that holds no P and goes to sleep at once.
  func startSpare() {
    lock.lock()
    // With more workers than Ps one sleeps, or is about to.
    guard workers <= procs else { return lock.unlock() }
    workers += 1
    let m = newM()
    lock.unlock()
    unsafe startThread(m, spare)
  }

  /// Starts the thread of a new M with one of the functions below.
  func startThread(
    _ m: M, _ body: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
  ) {
    let error = unsafe mpg_thread_start(body, m.raw)
    if error != 0 { fatal("cannot start a thread: \(errnoName(error))") }
  }
}

extension M {
  /// The thread says hello: from here on it is this M.
  func begin(_ state: MState, name: String) {
    becomeCurrent()
    unsafe mpg_fiber_adopt(fiber)
    mpg_alternate_stack()
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
