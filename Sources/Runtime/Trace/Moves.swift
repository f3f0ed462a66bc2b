// The moves of a G, from state to state. Each move has one function, which changes state, time and counter and writes
// the event.
//
// Invariant: every move of every G is one call here, and increments exactly one counter of exactly one lane. The caller
// owns the G's next move (see `GState`), and the move is visible before any other thread can reach the G. After that
// counter was incremented, and before the event's record is written, another counter notes on which queue the G was
// put, or from where it was taken (`LaneField.queuedOn`).
//
// A scheduling step has one time. The clock costs more than all else that an event does, and hardly any time passes
// from a stop to the start of the next G on the same P. So a stop leaves its time in `M.step`, and the start that
// follows uses it. The start reads the clock itself in three cases: the G had to be searched for, the M wrote another
// event in between, or the G became runnable only after the stop. So no start is older than a record before it, nor
// older than the moment at which its G became runnable.
import Region

extension M {
  /// nothing → runnable. No other thread can find `g` yet. `g` belongs to the span of the running G.
  @inline(__always)
  func created(_ g: G, entry: UInt32, kind: GKind, _ place: Place) {
    let now = stamp()
    var (parent, span): (UInt64, GSpan) = (0, .none)
    if let running = self.g { (parent, span) = (running.id, running.span) }
    g.span = span
    let block = g.shared
    let sequence = block[.status].relaxed >> 32 &+ 1
    block[.status].set(GStatus(.runnable, kind: kind, sequence: UInt32(truncatingIfNeeded: sequence)).word)
    block[.since].set(now)
    block[.created].set(now)
    block[.entry].set(UInt64(entry))
    block[.parent].set(parent)
    block[.waitingOn].set(0)
    let lane = lane
    lane.counters[.created].bumpPublished()
    lane.count(place)
    emit(
      .goCreate, now, g: block[.id].relaxed, detail: span.number == 0 ? 0 : 1, count: entry,
      arg: parent | place.bits)
  }

  /// runnable → running.
  @inline(__always)
  func started(_ g: G) {
    let block = g.shared
    let since = block[.since].relaxed
    let now = takeStep(notBefore: since)
    let id = block[.id].relaxed
    let reason = g.status.rawReason
    let status = move(g, to: .running)
    let waited = now &- since
    block[.since].set(now)
    if found != .runnext { p.beginSlice() }  // `runnext` inherits the slice: Preempt §7
    showRunning(g)
    let lane = lane
    lane.counters[.started].bumpPublished()
    lane.count(found)
    emit(.goStart, now, g: id, detail: found.rawValue | reason << 4, count: status.sequence, arg: waited)
  }

  /// running → waiting.
  @inline(__always)
  func parked(_ g: G, _ reason: WaitReason, on: UInt64) {
    let now = stamp()
    step = now
    let status = move(g, to: .waiting, reason: reason)
    g.shared[.since].set(now)
    g.shared[.waitingOn].set(on)
    lane.counters[.parked, Int(reason.rawValue)].bumpPublished()
    hideRunning()
    emit(.goPark, now, g: g.id, detail: reason.rawValue, count: status.sequence, arg: on)
  }

  /// waiting → runnable. The caller must put `g` on a queue next; `place` tells which. The reason for the wait stays in
  /// the status, so that the event of the G's next start can tell it.
  @inline(__always)
  func readied(_ g: G, _ place: Place) {
    let now = stamp()
    step = 0
    let reason = g.status.rawReason
    let status = move(g, to: .runnable, reason: WaitReason(rawValue: reason) ?? .none)
    g.shared[.since].set(now)
    let lane = lane
    lane.counters[.readied, Int(reason) & (WaitReason.capacity - 1)].bumpPublished()
    lane.count(place)
    let by = self.g.map { $0.id } ?? 0
    emit(.goReady, now, g: g.id, detail: reason, count: status.sequence, arg: by | place.bits)
  }

  /// running → runnable, because the G yielded. The caller must put it at `place`.
  @inline(__always)
  func yielded(_ g: G, _ place: Place) {
    let now = stamp()
    step = now
    let status = move(g, to: .runnable)
    g.shared[.since].set(now)
    let lane = lane
    lane.counters[.yielded].bumpPublished()
    hideRunning()
    lane.count(place)
    emit(.goYield, now, g: g.id, count: status.sequence, arg: place.bits)
  }

  /// running → dead.
  @inline(__always)
  func exited(_ g: G) {
    let now = stamp()
    step = now
    let status = move(g, to: .dead)
    g.shared[.since].set(now)
    lane.counters[.exited].bumpPublished()
    hideRunning()
    emit(.goExit, now, g: g.id, count: status.sequence)
  }

  /// running → preempted: the G was stopped where it was, and its thread stands still in it.
  func preempted(_ g: G) {
    let now = stamp()
    step = 0
    let status = move(g, to: .preempted)
    g.shared[.since].set(now)
    let place = grqPlace(behind: 0)
    lane.counters[.preempted].bumpPublished()
    lane.count(place)
    emit(.goPreempt, now, g: g.id, detail: 1, count: status.sequence, arg: place.bits)
  }

  /// preempted → running, on the same thread. `found`: the queue from which the G was taken.
  func resumed(_ g: G, from found: RunSource) {
    let now = stamp()
    step = 0
    let status = move(g, to: .running)
    let stopped = now &- g.shared[.since].relaxed
    g.shared[.since].set(now)
    showRunning(g)
    lane.counters[.resumed].bumpPublished()
    lane.count(found)
    emit(.goResume, now, g: g.id, detail: found.rawValue, count: status.sequence, arg: stopped)
  }

  /// running → runnable, because the G ran for too long. It was asked to stop while it was inside the runtime, and gave
  /// way.
  func preemptedCooperatively(_ g: G) {
    let now = stamp()
    let status = move(g, to: .runnable)
    g.shared[.since].set(now)
    let place = grqPlace(behind: 0)
    lane.counters[.yielded].bumpPublished()
    hideRunning()
    lane.count(place)
    emit(.goPreempt, now, g: g.id, count: status.sequence, arg: place.bits)
  }

  /// running → syscall. The caller passes the time (`stamp`), because the caller needs it for other words too.
  @inline(__always)
  func enteredSyscall(_ g: G, at now: UInt64) {
    let status = move(g, to: .syscall)
    g.shared[.since].set(now)
    lane.counters[.syscalls].bumpPublished()
    emit(.goSyscall, now, g: g.id, count: status.sequence)
  }

  /// syscall → running, on the old P or another.
  @inline(__always)
  func returnedFromSyscall(_ g: G, onOldP: Bool, at now: UInt64) {
    let status = move(g, to: .running)
    let inside = now &- g.shared[.since].relaxed
    g.shared[.since].set(now)
    showRunning(g)
    lane.counters[.syscallsReturned].bumpPublished()
    emit(.goSyscallExit, now, g: g.id, detail: onOldP ? 1 : 2, count: status.sequence, arg: inside)
  }

  /// syscall → runnable: the M lost its P during the call, and the G needs a turn.
  func queuedAfterSyscall(_ g: G) {
    let now = stamp()
    let status = move(g, to: .runnable)
    let inside = now &- g.shared[.since].relaxed
    g.shared[.since].set(now)
    let place = grqPlace(behind: 0)
    lane.counters[.syscallsQueued].bumpPublished()
    lane.count(place)
    let arg = min(inside, Place.gMask) | place.bits
    emit(.goSyscallExit, now, g: g.id, count: status.sequence, arg: arg)
  }

  /// The time of a G's start: the time of the stop before it in the same step, if that time still counts. The head of
  /// this file has the rule.
  @inline(__always)
  private func takeStep(notBefore since: UInt64) -> UInt64 {
    let step = step
    self.step = 0
    return step != 0 && since <= step ? step : stamp()
  }

  /// Shows `g` as what this M and its P run.
  @inline(__always)
  private func showRunning(_ g: G) {
    let block = g.shared
    let id = block[.id].relaxed
    block[.p].set(UInt64(p.id &+ 1))
    p.shared[.g].set(id)
    p.shared[.entry].set(block[.entry].relaxed)
    shared[.g].set(id)
  }

  /// Shows that this M and its P run nothing. Call it after counting the move that says so: then a reader that finds a
  /// running G also finds which one.
  @inline(__always)
  private func hideRunning() {
    p.shared[.g].publish(0)
    shared[.g].set(0)
  }

  @inline(__always)
  private func move(_ g: G, to state: GState, reason: WaitReason = .none) -> GStatus {
    let old = g.status
    assert(
      old.state?.canMove(to: state) ?? false,  // allocates nothing: sysmon calls this
      "G \(g.id) moves from \(String(describing: old.state)) to \(state)")
    let new = old.moved(to: state, reason: reason)
    g.shared[.status].set(new.word)
    return new
  }
}
