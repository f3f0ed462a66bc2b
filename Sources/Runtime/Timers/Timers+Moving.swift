// Moving the timers of a P that is stopped to P 0, which is never stopped.
//
// §1 The problem. The holder of a P adds timers. But a thief or the netpoll thread also does: when it fires a ticker or
// a deadline of that P, it may arm the same one there for a later moment, perhaps after the P was stopped. And a thread
// that sleeps until the earliest timer (Netpoll §4) must see each timer at every moment.
//
// §2 The protocol. `close` holds two locks, first that of the P that is stopped (the leaving P), then that of P 0.
// Every other user holds only one of them, or these two in this order (`insertElsewhere`), so there is no deadlock.
// `close` puts the entries into P 0's heap, with P 0's `nextTimer`, before it takes back the leaving P's `nextTimer`.
// So at every moment the earliest timer shows in one of the two words, or in both. After that the heap is marked as
// closed, under its lock, and a thread that adds to it is sent on to P 0.
//
// §3 Counting. `PField.timers` counts the timers that were *armed on* a P. A timer descriptor, a deadline and a wait
// know that P and are subtracted from its counts, also after the move, so these counts stay. A sleeper does not know
// that P. It is subtracted on the P of the heap from which it is taken, so the counts of sleepers move along. The sum
// over all Ps that were ever used is exact. The number that Deadlock reads (`Timers.wakers`) is of the first kind, and
// never moves.
//
// §4 What would break it. No mark: a ticker of a stopped P, armed by a late thief, ticks no more. The leaving
// P's `nextTimer` taken back first: the netpoll thread looks in between, and sleeps past the timer. All
// counts moved: a timer that is subtracted where it was armed takes that count below 0.
import HeapModule
import Region
import Synchronization

extension Timers {
  /// Adds to P 0's heap, because this one is closed. Call under `lock`.
  func insertElsewhere(_ timer: Timer) {
    let home = sched.p(0).timers
    home.lock.lock()
    home.add(timer)
    (timer.isCountedByHeap ? home : self).block[.timers].add(1)
    home.lock.unlock()
  }

  /// Moves all timers to `home`, the timers of P 0, and sends on what is added later. Called by the owner of the P.
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
    // relaxed: a thread that adds a timer reads `closed` under the lock
    unsafe closed.pointee.store(true, ordering: .relaxed)
    unsafe heap.pointee = Heap()
    unsafe limit.pointee = 64
    noteNext()
    home.lock.unlock()
    lock.unlock()
  }

  /// Opens the heap again, because its P runs Gs again. Called by the owner of the P. Needs no lock: a thread that
  /// still reads the old value adds to P 0, which is right as well.
  func reopen() { unsafe closed.pointee.store(false, ordering: .relaxed) }

  /// Gives back memory, if the heap has less than a quarter of the entries that it had after its last sweep. Returns
  /// whether it did. Any thread that may allocate can call this.
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
  /// Whether the thread that takes a timer of this kind out of a heap also subtracts it from the counts of
  /// the heap's P. Timers of the other kinds are subtracted by their descriptor or waiter, from the counts of
  /// the P on which they were armed.
  var isCountedByHeap: Bool { kind == .wake }
}
