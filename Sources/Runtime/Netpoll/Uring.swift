// Netpoll on io_uring: completions instead of readiness, as in a completion port. Backend.swift has the contract.
//
// §1 The shape. For each descriptor one order lies in the kernel, a *multishot* poll. Each time the descriptor changes,
// and at once if it is ready when the kernel carries the order out, the kernel posts a completion that says what it is
// ready for. Orders go into the submission ring, completions come out of the completion ring; both are memory shared
// with the kernel (uring.c). So a look at the network without waiting is a look at memory: no system call.
//
// §2 One thread submits. The kernel does the rest of an order (finding out what has changed, posting the completion) in
// the thread that submitted it, and interrupts that thread for it. If an M submitted, that would interrupt system calls
// of user code (EINTR where the kernel does not resume them); and while the M sleeps uninterruptibly, on a disk, nobody
// would hear from the sockets of its orders. So any thread may push orders, under a lock, but only the netpoll thread
// submits them, in the order of pushing. A thread that pushes wakes it (`Netpoll.attend`); many pushes share one
// wake-up. When the ring is full the pusher waits for the netpoll thread, which waits for nobody.
// A cancelled order keeps its file open until the netpoll thread has submitted the cancellation. So a peer sees the end
// of a closed socket one wake-up later than with epoll.
//
// §3 Setting up anew. The kernel may end a multishot order: when the completion ring is full, or memory is short. The
// order's last completion says so: it lacks the flag IORING_CQE_F_MORE. Whoever takes that completion reports what it
// says, and pushes the order again. What changed in between counts as ready when the new order is carried out, so
// nothing is lost. But the descriptor may have been unregistered meanwhile. Then a new order would keep a closed file
// open for ever, or watch another file that has the same number. So one lock guards both: under it the order is pushed
// after a look at the descriptor's `watched`, and under it `unregister` clears `watched` and pushes the cancellation.
// And an order that goes on is never pushed a second time, because one cancellation ends only one order.
//
// §4 Who takes completions: one thread at a time, by a lock. The netpoll thread keeps this lock while it waits in the
// kernel. A completion that comes then wakes it, and nobody can take that completion away between the netpoll thread's
// last look and its sleep. An M that looks without waiting and finds the lock taken goes on: the holder reports.
//
// §5 Breaking a wait. The breaker sets `broken`, then writes to an eventfd that the ring watches like any descriptor.
// The netpoll thread, with the lock of §4, first takes `broken` (if it was set, the thread does not wait), then makes
// sure that the eventfd is watched, then waits.
//     breaker:  broken ← true;  write         thread:  lock;  broken ← false;  was it true? then it will not wait
//                                                      eventfd not watched? push its order;  wait
// If the write came before the thread took `broken`, the thread sees the flag. If the write came later, its completion
// is posted after the lock was taken, so nobody else can take that completion away. The watch of the eventfd may end
// like any other (§3); the thread sets it up anew before it waits. Nobody ever reads the eventfd, so once it was
// written to, a new order completes at once.
// Without the flag, a completion that an M has taken would be lost. Without the lock, an M could take the completion
// just before the thread sleeps. UringSleepModel and UringWatchModel go through all interleavings.
import CMPG
import Glibc
import Region
import Synchronization

/// How many entries the rings have.
struct RingSizes: Sendable {
  var submissions: UInt32 = 1024
  /// Room for the completions that come in while nobody looks. A full ring loses nothing, but costs setting up watches
  /// anew (§3).
  var completions: UInt32 = 16_384
}

/// Safe because: the ring's pointers point into mappings that live as long as the process.
@safe struct UringRecord: ~Copyable {
  var ring = unsafe mpg_uring()
  let breaker: Int32
  /// Held while orders are pushed. Guards `PollRecord.watched`.
  let submission = Lock()
  /// Held while completions are taken (§4). Guards `isBreakerWatched`.
  let completion = Lock()
  let broken = Atomic<Bool>(false)
  var isBreakerWatched = false

  init(breaker: Int32) { self.breaker = breaker }
}

/// A handle to the rings.
///
/// Safe because: the record is made at boot and lives as long as the process; its parts are atomic or under its locks.
@safe struct Uring {
  private let record: UnsafeMutablePointer<UringRecord>
  /// How many completions are taken at a time: as many as fit into the kilobyte that a temporary allocation
  /// takes from the stack.
  private static let batch = 64
  /// The tag of the eventfd. No descriptor has it.
  private static let breakerTag: UInt64 = 0

  init(_ sizes: RingSizes) throws(SystemError) {
    let breaker = try SystemCall.check("eventfd", mpg_eventfd())
    unsafe record = .allocate(capacity: 1)
    unsafe record.initialize(to: UringRecord(breaker: breaker))
    let error = unsafe mpg_uring_open(&record.pointee.ring, sizes.submissions, sizes.completions)
    _ = try SystemCall.check("io_uring_setup", error)
  }

  private var submission: Lock { unsafe record.pointee.submission }
  private var completion: Lock { unsafe record.pointee.completion }

  // MARK: orders

  func register(_ fd: Int32, _ descriptor: PollDescriptor, by m: M) throws(SystemError) {
    _ = try SystemCall.check("fd \(fd) for netpoll", mpg_can_poll(fd))
    lockWithRoom(m)
    descriptor.watched = fd
    unsafe mpg_uring_push_watch(&record.pointee.ring, fd, descriptor.tag, false)
    submission.unlock()
    sched.netpoll.attend(m)
  }

  func unregister(_ descriptor: PollDescriptor, by m: M) {
    lockWithRoom(m)
    descriptor.watched = -1
    unsafe mpg_uring_push_unwatch(&record.pointee.ring, descriptor.tag)
    submission.unlock()
    sched.netpoll.attend(m)
  }

  /// Pushes an order again, because the kernel has ended it, unless the descriptor was unregistered (§3). `tag` is the
  /// tag of that order.
  private func watchAnew(_ descriptor: PollDescriptor, _ tag: UInt64, by m: M) {
    lockWithRoom(m)
    let isWanted = descriptor.tag == tag && descriptor.watched >= 0
    if isWanted { unsafe mpg_uring_push_watch(&record.pointee.ring, descriptor.watched, tag, false) }
    submission.unlock()
    guard isWanted else { return }
    sched.shared[.netpollRearms].add(1)
    sched.netpoll.attend(m)
  }

  /// Takes the lock on the submission ring, once there is room for an order.
  private func lockWithRoom(_ m: M) {
    while true {
      submission.lock()
      if unsafe mpg_uring_has_room(&record.pointee.ring) { return }
      submission.unlock()
      if sched.netpoll.isThread(m) {
        flush()
      } else {
        sched.netpoll.attend(m)
        sched_yield()
      }
    }
  }

  /// Submits what was pushed (§2). Called by the netpoll thread.
  func flush() { if hasUnflushed { enter(submits: true, nanoseconds: 0) } }

  var hasUnflushed: Bool { unsafe mpg_uring_pending(&record.pointee.ring) > 0 }

  /// Enters the kernel to submit (only the netpoll thread may, §2), and to wait.
  private func enter(submits: Bool, nanoseconds: Int64) {
    let result = unsafe mpg_uring_enter(&record.pointee.ring, submits, nanoseconds)
    switch -result {
    case ...0, ETIME, EINTR: return
    // There is no memory for an order just now. The next round tries again.
    case EAGAIN, EBUSY, ENOMEM: usleep(1000)
    case let code: fatal("io_uring_enter: \(errnoName(code))")
    }
  }

  // MARK: completions

  func collect(
    _ m: M, nanoseconds: Int64, _ report: (PollDescriptor, _ readable: Bool, _ writable: Bool) -> Void
  ) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: mpg_ready.self, capacity: Self.batch) { ready in
      if nanoseconds == 0 {
        guard completion.tryLock() else { return 0 }
      } else {
        completion.lock()
        wait(m, nanoseconds: nanoseconds)
      }
      let count = unsafe take(into: ready)
      completion.unlock()
      var reported = 0
      for index in 0..<count {
        let done = unsafe ready[index]
        // If the tag names no descriptor, the descriptor was reused since, so the report is old.
        guard let descriptor = PollDescriptor(tag: done.tag) else { continue }
        if done.readable || done.writable {
          report(descriptor, done.readable, done.writable)
          reported += 1
        }
        if done.ended { watchAnew(descriptor, done.tag, by: m) }
      }
      return reported
    }
  }

  /// Waits in the kernel unless the wait was broken (§5). Called by the netpoll thread, under the lock of §4.
  private func wait(_ m: M, nanoseconds: Int64) {
    let isBroken = unsafe record.pointee.broken.exchange(false, ordering: .sequentiallyConsistent)
    if unsafe !record.pointee.isBreakerWatched {
      lockWithRoom(m)
      unsafe mpg_uring_push_watch(&record.pointee.ring, record.pointee.breaker, Self.breakerTag, true)
      submission.unlock()
      unsafe record.pointee.isBreakerWatched = true
    }
    enter(submits: true, nanoseconds: isBroken ? 0 : nanoseconds)
    // A thread that calls `breakWait` from here on breaks the next wait. The caller of this function looks after this
    // wait for what earlier callers of `breakWait` wanted to be seen.
    if !isBroken { unsafe record.pointee.broken.store(false, ordering: .sequentiallyConsistent) }
  }

  /// Takes completions of descriptors, and returns how many. Call under the lock of §4.
  private func take(into ready: UnsafeMutableBufferPointer<mpg_ready>) -> Int {
    let ring = unsafe record
    let found = unsafe mpg_uring_take(&ring.pointee.ring, ready.baseAddress, Int32(Self.batch))
    if unsafe found < Self.batch && mpg_uring_overflowed(&ring.pointee.ring) {
      // Makes the kernel move the completions that it held back into the ring, for the next look.
      enter(submits: false, nanoseconds: 0)
    }
    var kept = 0
    for index in 0..<Int(found) {
      let done = unsafe ready[index]
      if done.tag == Self.breakerTag {
        if done.ended { unsafe ring.pointee.isBreakerWatched = false }
        continue
      }
      unsafe ready[kept] = done
      kept += 1
    }
    return kept
  }

  // MARK: breaking a wait

  /// Ends the current wait, or else the next one (§5). When several threads break at once, only one writes.
  func breakWait() {
    if unsafe record.pointee.broken.exchange(true, ordering: .sequentiallyConsistent) { return }
    var one: UInt64 = 1
    unsafe _ = write(record.pointee.breaker, &one, 8)
  }
}
