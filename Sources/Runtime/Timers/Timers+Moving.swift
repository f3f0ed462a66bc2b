// What becomes of the timers of a P that is stopped: they go to P 0, which never is.
//
// §1 The problem. Timers are added by whoever holds the P, but also by who fires a ticker or a deadline of it (a thief,
// the netpoll thread) and arms the next one there; that may come after the P was stopped. And those who sleep until
// the earliest timer (Netpoll §4) must see each at every moment.
//
// §2 The protocol. `close` holds both locks, the leaving P's first: every other user of these locks holds one, or
// these two in this order (`insertElsewhere`); so there is no circle. It puts the entries into P 0's heap, with its
// `nextTimer`, before it takes back the leaving P's: an earliest timer is seen in one of the two, or in both. From
// then on the heap is marked, under its lock, and who adds to it is sent on.
//
// §3 Counting. `PField.timers` counts what was *armed on* a P: a timer descriptor, a deadline and a wait know that P
// and count themselves out there, also after the move; so these counts stay. Sleepers know nothing, and who takes them
// out of a heap counts them out there: their counts move along. The sum over all Ps that were ever used is exact. What
// Deadlock asks for (`Timers.wakers`) is of the first kind, and never moves.
//
// §4 What would break it. No mark: a ticker of a stopped P, armed by a late thief, ticks no more. The leaving P's
// `nextTimer` taken back first: the netpoll thread looks in between, and sleeps past the timer. Counts moved for all:
// the one that is counted out where it was armed takes a count below 0.
import HeapModule
import Region
import Synchronization

extension Timers {
  /// The heap is closed: adds to P 0's instead. Under `lock`.
  func insertElsewhere(_ timer: Timer) {
    let home = sched.p(0).timers
    home.lock.lock()
    home.add(timer)
    (timer.isCountedByHeap ? home : self).block[.timers].add(1)
    home.lock.unlock()
  }

  /// Moves all to `home`, the timers of P 0, and sends on what will be added. By who owns the P.
  func close(into home: Timers) {
    lock.lock()
    home.lock.lock()
    for timer in unsafe heap.pointee.unordered where !timer.isStale {
      home.add(timer)
      if timer.isCountedByHeap {
        home.block[.timers].add(1)
        block[.timers].subtract(1)
      }
    }
    unsafe closed.pointee.store(true, ordering: .relaxed)  // under the lock
    unsafe heap.pointee = Heap()
    unsafe limit.pointee = 64
    noteNext()
    home.lock.unlock()
    lock.unlock()
  }

  /// Its P runs Gs again. By who owns the P: it needs no lock, since who reads the old value goes to P 0, as before.
  func reopen() { unsafe closed.pointee.store(false, ordering: .relaxed) }

  /// Gives back the memory of a heap that was four times as large, if it was. Any thread that may allocate.
  func shrink() -> Bool {
    lock.lock()
    defer { lock.unlock() }
    guard unsafe limit.pointee > 1024 && heap.pointee.count < limit.pointee / 8 else { return false }
    unsafe heap.pointee = Heap(heap.pointee.unordered.filter { !$0.isStale })
    unsafe limit.pointee = 2 * heap.pointee.count + 64
    return true
  }
}

extension Timer {
  /// Whether the heap counts it out; else who waits for it does, on the P on which it was armed.
  var isCountedByHeap: Bool { kind == .wake }
}
