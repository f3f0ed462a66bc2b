// The global run queue (GRQ). It holds Gs that were readied without a P, Gs that a full LRQ spilled, and Gs that were
// stopped because their slice was over. The scheduler's lock guards its lists. Its depth is public: an M reads it
// without the lock to see whether a look is worth the lock.
//
// §1 Two lines. A G that was just made ready, is new or comes out of a system call is *fresh*: most fresh Gs want the
// CPU for microseconds. A G whose slice ended before it was done is *worn*. In a single line, a G that was made ready
// would stand behind every hog, and would wait one slice for each. So the fresh line goes first.
//
// §2 Neither line starves. The first worn G waits at least half a slice ÷ Ps while fresh Gs go before it. After that
// its turn comes as soon as one of two conditions holds. First: all fresh Gs that stood in line when it became the
// first worn one are gone, as in a single line. Second: it has waited half a slice ÷ Ps × (1 + length of the fresh line
// ÷ length of the worn line). So if both lines together hold n Gs, the last worn one waits for n × half a slice ÷ Ps at
// most, and whatever runs when its turn comes is stopped within a slice. That keeps the bound of Preempt §7. With the
// wait of half a slice ÷ Ps alone, a G that creates others without end would come back long before the Gs that it
// created have had their first turn.
//
// §3 An M takes worn Gs one by one and runs them at once. A G that the signal stopped may hold malloc's lock. Suppose
// it lay in an LRQ whose M waits for that lock inside the runtime, where the M cannot be stopped: the G would wait for
// the M that waits for it. No other M would look in that LRQ either, because the Gs on the GRQ, which want the same
// lock, keep the other Ms busy. Also, a fresh G that comes to the GRQ would wait behind all worn Gs that one P had
// taken.
import Region
import Synchronization

extension Scheduler {
  /// The number of Gs on the GRQ; only a hint without the lock.
  @inline(__always)
  var grqDepth: Int { Int(truncatingIfNeeded: shared[.grqDepth].ordered) }

  /// The number of worn Gs (§1) on the GRQ; only a hint without the lock.
  var grqWorn: Int { unsafe record.pointee.wornCount.load(ordering: .relaxed) }

  /// Appends fresh Gs. Call under the lock.
  func grqAppend(_ batch: consuming GQueue, at time: UInt64) {
    let count = batch.count
    unsafe guarded.pointee.fresh.append(batch)
    notePushed(count, at: time)
  }

  /// Appends a fresh G. Call under the lock.
  func grqAppend(fresh g: G, at time: UInt64) {
    unsafe guarded.pointee.fresh.append(g)
    notePushed(1, at: time)
  }

  /// Appends a worn G. Call under the lock.
  func grqAppend(worn g: G, at time: UInt64) {
    if unsafe guarded.pointee.worn.isEmpty { beginWornTurn() }
    unsafe guarded.pointee.worn.append(g)
    notePushed(1, at: time)
  }

  /// Takes one worn G if its turn has come (§2), else up to `limit` fresh ones. Call under the lock.
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

  /// Takes the first worn G if its turn has come (§2); nil: there is none, or fresh Gs go first.
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

  /// Takes, of the first 1,000 worn Gs, the last one in which a thread stands still (`G.keeper`): the G that was
  /// stopped last. nil: there is none. Call under the lock.
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

  /// How many Gs one P may take from the GRQ at a time: an equal share, at most half an LRQ.
  @inline(__always)
  var grqShare: Int { min(grqDepth / procs + 1, Capacity.lrq / 2) }
}
