// Entering and leaving the runtime: the border that preemption respects.
//
// A G in user code may be stopped anywhere (Preempt.swift). A G inside the runtime may hold a lock, or be half-way
// through a move. There a preemption signal only leaves a note, and the G gives way when it leaves the runtime. Code on
// an M's scheduling stack is always inside the runtime. So every public function that touches the scheduler begins with
// `enterRuntime` and ends with `leaveRuntime`. A G that parks in between may enter on one thread and leave on another.
import CMPG

/// Enters the runtime from a G, and returns the G's M. Ends the process with a message that names `what` when the
/// caller is not a G that holds a P.
@inline(__always)
func enterRuntime(_ what: StaticString) -> M {
  guard let raw = unsafe mpg_enter() else { refuseOutside(what) }
  let m = unsafe M(raw.assumingMemoryBound(to: MRecord.self))
  if m.heldP == nil { fatal("\(what) was called inside blocking { … }, which may hold up a thread, not a G") }
  return m
}

/// Ends the process with a message: `what` was called on a thread that is no M, or in a child of fork.
@inline(never)
func refuseOutside(_ what: StaticString) -> Never {
  if mpg_has_forked() { Fork.refuse(what) }
  guard Outside.isRunning else {
    fatal("\(what) was called outside of a G; wrap the program in MPG.main { … }")
  }
  guard unsafe withUnsafeCurrentTask(body: { unsafe $0 != nil }) else {
    fatal("\(what) was called outside of a G, on a thread that is none of the scheduler's")
  }
  fatal(
    """
    \(what) was called outside of a G, in a job that a task or an actor runs on a thread of Swift's pool; \
    say await MPG.run { … }, give the task MPG.taskExecutor or the actor an MPG.ActorExecutor (docs/interop.md)
    """)
}

/// Leaves the runtime for user code. If a note or sysmon asks the G to give way (Preempt §3), it gives way first.
@inline(__always)
func leaveRuntime() {
  if mpg_leave() { takeUpNote() }
}

/// Leaves the runtime and stays on this thread. A note that asks the G to give way is dropped; sysmon has to ask again.
@inline(__always)
func leaveRuntimeWithoutGivingWay() { _ = mpg_leave() }

/// Does what the note asks of the running G. If the scheduler is paced (held or slowed from outside), the thread waits
/// at the gate (Pace §2). If sysmon asked for the end of the slice while the G was inside the runtime, and that slice
/// still runs, the G gives way.
@inline(never)
private func takeUpNote() {
  let m = enterRuntime("preemption")
  Pace.stand(m)
  if let g = m.g, m.p.mustYield {
    m.ask(.preempt)
    switchAway(g, m)
  }
  // While the scheduler is paced, the thread keeps a note, so that it comes here each time (Pace §3).
  if Pace.isOn { mpg_leave_with_note() } else { leaveRuntime() }
}
