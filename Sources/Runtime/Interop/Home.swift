// Home: a G that runs a job of a Swift `Task` keeps its thread until the job is over.
//
// §1 The problem. While a job runs, Swift's runtime keeps in thread-locals which task that is and on which executor,
// the latter as a pointer to its own frame on the stack, and it puts back what was there before at the job's end. A job
// is a promise of one thread from beginning to end. A G that parks in the middle of it (it receives from a channel)
// and wakes up on another M would run without a task there, leave the old thread's pointer dangling, and put another
// thread's past back at the end. Nothing exported can move these thread-locals, unlike the set of open accesses
// (Context §2).
//
// §2 Rejected. Finding the thread-locals by search: the next toolchain moves them. Forbidding to park: then no channel
// would reach a task. Running every job on a thread of its own: most jobs never park, and cost nothing here.
//
// §3 The design. The M that starts such a G becomes its home. When the G leaves for a while the M gives its P away and
// sleeps, with the thread-locals as they are; no other G runs on that thread. The G waits and is readied like any
// other. Whoever gets it from a queue sends it home: the P goes to the home, which wakes up in the middle of `execute`.
//     home:   H1  counts the G as waiting (or runnable), commits: others can find it
//             H2  P on the idle list, not a worker any more (Spinning §4), in one locked step
//             H3  looks again for what is runnable (T3 of Spinning §3): it was not counted as one that searches
//             H4  sleeps until it is woken with a P
//     other:  O1  takes the G from a queue;  O2  counts the home as a worker, lets go of its own P
//             O3  `prepare` the home with it, `wake`;  O4  sleeps on the list of the idle
// O3 may come before H2: `prepare` writes words that the home reads only after H4, and `wake` is remembered.
//
// §4 What would break it. H2 without giving up the P: on one P the G is never readied. No H3: what was in this P's own
// queue waits beside an idle P. O1 that runs the G itself: §1. A `wake` that is forgotten: the P is lost.
import Region
import Synchronization

extension M {
  /// H2 to H4: the G that just left, and was settled, keeps this thread. Holds a P before and after.
  func stayHome() {
    let sched = sched
    sched.lock.lock()
    sched.workers -= 1
    sched.giveUp(release(), by: self)  // H2
    sched.lock.unlock()
    sched.netpoll.arm(self)
    sched.wakePIfThereIsWork(self)  // H3
    sleepAtHome()
  }

  /// H4. The M holds no P and is no worker.
  func sleepAtHome() {
    setState(.parked)
    emit(.mPark)
    sleepUntilWoken()
    resume()
  }

  /// O2 to O4: gives this P to the thread that `g` may not leave. Holds a P before and after.
  func send(_ g: G, to home: M) {
    let sched = sched
    sched.lock.lock()
    sched.workers += 1
    sched.lock.unlock()
    home.found = found  // read after `wake`, as what `prepare` writes
    home.prepare(nextP: release(), spinning: false)
    emit(.mWake, count: home.id)
    home.wake()
    sleepForP()
  }
}

extension Scheduler {
  /// The look of T3 by somebody who does not search himself.
  fileprivate func wakePIfThereIsWork(_ m: M) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if hasWork { wakeP(m) }
  }
}
