// Starting Ms: a record, a block in the region, a thread.
import CMPG
import Region

extension Scheduler {
  /// A new M without a thread. Under the lock (or at boot).
  func newM() -> M {
    let id = unsafe guarded.pointee.mCount
    guard id < Capacity.ms else { fatal("\(id) threads exist, the most that there can be") }
    do throws(SystemError) { try region.allocateM(id) } catch { fatal("no room for another M: \(error)") }
    let pointer = UnsafeMutablePointer<MRecord>.allocate(capacity: 1)
    unsafe pointer.initialize(to: MRecord(id: id, region: region, tracing: record.pointee.tracing))
    unsafe guarded.pointee.mCount = id + 1
    let m = unsafe M(pointer)
    m.shared[.state].set(UInt64(MState.starting.rawValue))
    shared[.mCount].publish(UInt64(id + 1))
    return m
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
