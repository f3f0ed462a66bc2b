// Switching: how a thread gets from its scheduling stack onto a G and back.
//
// §1 Two stacks. All scheduling happens on the thread's own stack (Go's g0). A G that parks, yields or ends notes its
// request in its M and switches to that stack. Work that must wait until the G is off its own stack (such as releasing
// a lock under which other threads can find the G) is done on the scheduling stack. A switch is some thirty
// instructions (switch_x86_64.S).
//
// §2 Exclusivity. Swift checks at run time that no code writes a class property while another access to it is open. It
// keeps the open accesses in a list of the *thread*, with nodes on the stack. A G may park inside such an access
// (`box.value` passed inout to a function that receives from a channel) and wake up on another thread, whose list does
// not have that access: the end of the access would abort the program. Swift's own tasks have the same problem, and
// Swift exports the remedy. `swift_task_exitThreadLocalContext` takes the open accesses off the thread into two words;
// `swift_task_enterThreadLocalContext` puts them onto the thread that goes on. Only `mpg_fiber_enter` calls these two.
// ExclusivityTests checks this.
//
// §3 Thread-locals. Code on a G must fetch its M anew after every park. The compiler knows nothing of parks, so
// `mpg_current` lives out of line, in C: inlined, the compiler could reuse its old result.
import CMPG
import Region

extension G {
  /// Gives the G a stack, and sets it up to run its body when an M first enters it.
  func bind(stack: UnsafeMutableRawPointer) {
    unsafe record.pointee.stack = stack
    let low = unsafe stack + StackSize.guardBytes
    let link = unsafe UnsafeMutableRawPointer(bitPattern: UInt(link))
    unsafe mpg_fiber_prepare(
      &record.pointee.fiber, low, StackSize.stride - StackSize.guardBytes, gMain, link)
  }
}

/// The first function on every G's stack.
private func gMain(_ link: UnsafeMutableRawPointer?) {
  let g = G(slot: UInt32(UInt(bitPattern: link)) - 1)
  leaveRuntime()
  runBody(of: g)
  var m = enterRuntime("exit")
  while g.hasBody {  // it rests before the next one: Rest §2
    if g.beginRest(m) { unsafe mpg_fiber_exit(&g.record.pointee.fiber, m.fiber) }
    leaveRuntime()
    runBody(of: g)
    m = enterRuntime("exit")
  }
  g.scope?.leave(g)
  m.ask(.exit)
  unsafe mpg_fiber_exit(&g.record.pointee.fiber, m.fiber)
}

/// Runs the job or the body of `g`. A function of its own, so that everything it holds is released before the last
/// switch, which never returns.
@inline(never)
private func runBody(of g: G) {
  if let job = unsafe g.record.pointee.job.take() { return SchedulerExecutor.run(job) }
  guard let body = unsafe g.record.pointee.body.take() else { return }
  do {
    try body()
  } catch let error as any CancellableError where error.isCancellation && g.isCancelled {
    // A cancelled G may end with an error that reports the cancellation: that is no failure.
  } catch {
    fatal("an error left goroutine \(g.id) (\(g.entryName)): \(error)")
  }
}

extension G {
  /// The place where the G was spawned, as text.
  var entryName: String {
    let region = sched.region
    let end = Int(region.sched[.stringBytes].acquired)
    let area = unsafe UnsafeRawBufferPointer(region.strings)
    return unsafe StringTable.string(shared[.entry].relaxed, in: area, below: end) ?? "?"
  }
}

/// Leaves the running G for the scheduling stack. Returns when the G runs again, perhaps on another thread.
@inline(never)
func switchAway(_ g: G, _ m: M) {
  unsafe mpg_fiber_leave(&g.record.pointee.fiber, m.fiber)
}
