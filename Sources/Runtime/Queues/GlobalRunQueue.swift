// The global run queue: for Gs that no P has, for what a full LRQ spills, and for Gs that were stopped because their slice
// was over. Lists under the scheduler's lock; the depth is public, and read without the lock to see whether a look is
// worth it.
//
// §1 Two lines. A G that was woken, that is new, or that comes out of a system call, is *fresh*: most want the CPU for
// microseconds. A G whose slice ended before it was done is *worn*. In one line a G that wakes up would stand behind
// every hog, and wait a turn for each. So the fresh line goes first.
//
// §2 No line starves. A worn G comes before fresh ones when they have gone before it for half a slice ÷ Ps, and either all
// fresh ones are gone that stood in line when it became the first, as in one line; or it has waited as long for each of
// them as for itself, where many are worn: half a slice ÷ Ps × (1 + fresh ÷ worn). So n Gs in both lines, of which k are
// worn, keep the last worn one waiting for n halves of a slice ÷ Ps at most, and what runs when its turn comes is stopped
// within a slice. That keeps the bound of Preempt §7. Without the first rule, a G that makes others without end would come
// back long before those that it has made have had their first turn.
//
// §3 Worn Gs are taken one by one, to be run at once. One that the signal stopped may hold malloc's lock: in the LRQ of an
// M that then waits for that lock inside the runtime, where it cannot be stopped, it would wait for its own waiter; the
// other Ms, which take turns on the GRQ waiting for the same lock, would never look there. And a fresh G that comes to
// the GRQ would wait for all worn ones that one P had taken.
import Region
import Synchronization

extension Scheduler {
  /// Gs on the GRQ; a hint without the lock.
  @inline(__always)
  var grqDepth: Int { Int(truncatingIfNeeded: shared[.grqDepth].ordered) }

  /// Those among them that are worn (§1); a hint without the lock.
  var grqWorn: Int { unsafe record.pointee.wornCount.load(ordering: .relaxed) }

  /// Puts fresh Gs last. Under the lock.
  func grqAppend(_ batch: consuming GQueue, at time: UInt64) {
    let count = batch.count
    unsafe guarded.pointee.fresh.append(batch)
    notePushed(count, at: time)
  }

  /// Puts a fresh G last. Under the lock.
  func grqAppend(fresh g: G, at time: UInt64) {
    unsafe guarded.pointee.fresh.append(g)
    notePushed(1, at: time)
  }

  /// Puts a worn G last. Under the lock.
  func grqAppend(worn g: G, at time: UInt64) {
    if unsafe guarded.pointee.worn.isEmpty { beginWornTurn() }
    unsafe guarded.pointee.worn.append(g)
    notePushed(1, at: time)
  }

  /// Takes the first `limit` fresh Gs at most, or one worn G. Under the lock.
  func grqTake(_ limit: Int) -> GQueue {
    var taken = GQueue()
    if let g = takeWornInTurn() {
      taken.append(g)
    } else {
      while taken.count < limit, let g = unsafe guarded.pointee.fresh.popFirst() { taken.append(g) }
      unsafe guarded.pointee.freshLeft -= taken.count
    }
    if taken.count > 0 { noteDepth() }
    return taken
  }

  /// §2.
  private func takeWornInTurn() -> G? {
    guard unsafe !guarded.pointee.worn.isEmpty else { return nil }
    if unsafe !guarded.pointee.fresh.isEmpty {
      let now = Clock.now
      if unsafe guarded.pointee.overtakenSince == 0 { unsafe guarded.pointee.overtakenSince = now }
      guard isWornTurn(now) else { return nil }
    }
    beginWornTurn()
    return unsafe guarded.pointee.worn.popFirst()
  }

  private func isWornTurn(_ now: UInt64) -> Bool {
    let (waited, least) = unsafe (now &- guarded.pointee.overtakenSince, slice / UInt64(2 * procs))
    if waited <= least { return false }
    if unsafe guarded.pointee.freshLeft <= 0 { return true }
    let share = unsafe UInt64(guarded.pointee.freshThen / guarded.pointee.worn.count)
    return waited / least > share
  }

  private func beginWornTurn() {
    unsafe guarded.pointee.overtakenSince = 0
    let fresh = unsafe guarded.pointee.fresh.count
    unsafe (guarded.pointee.freshThen, guarded.pointee.freshLeft) = (fresh, fresh)
  }

  /// Takes the worn G that was stopped last of those that keep a thread. Under the lock.
  func grqTakeLastStopped() -> G? {
    guard let g = unsafe guarded.pointee.worn.removeLast(of: 1000, where: { $0.hasKeeper }) else {
      return nil
    }
    noteDepth()
    return g
  }

  private func notePushed(_ count: Int, at time: UInt64) {
    shared[.grqPushed].bump(by: UInt64(count))
    noteDepth()
    Peaks.note(shared[.grqDepth].relaxed, at: time) { shared[.grqPeaks, $0] }
  }

  private func noteDepth() {
    let worn = unsafe guarded.pointee.worn.count
    unsafe record.pointee.wornCount.store(worn, ordering: .relaxed)
    shared[.grqDepth].setOrdered(UInt64(unsafe guarded.pointee.fresh.count + worn))
  }

  /// A fair share for one P: as many as each P would get, at most half an LRQ.
  @inline(__always)
  var grqShare: Int { min(grqDepth / procs + 1, Capacity.lrq / 2) }
}
