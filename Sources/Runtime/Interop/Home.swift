// Home: a G that runs a job of a Swift `Task` keeps its thread until the job is over.
//
// §1 The problem. While a job runs, Swift's runtime keeps in thread-locals which task it is and on which executor it
// runs, the latter as a pointer to a frame on the stack. At the job's end it restores what was there before. So a job
// must stay on one thread from beginning to end. A G that parks in the middle of a job (it receives from a channel) and
// wakes up on another M would run without a task there. It would leave a dangling pointer on the old thread, and at the
// job's end restore on the new thread what had been set on the old one. Nothing that Swift exports can move these
// thread-locals, unlike the set of open accesses (Context §2).
//
// §2 Rejected. Searching memory for the thread-locals: the next toolchain moves them. Forbidding to park: then no
// channel would reach a task. Running every job on a thread of its own: most jobs never park, and cost nothing in our
// design.
//
// §3 The design. The M that starts such a G becomes the G's home. When the G leaves for a while, the M gives its P away
// and sleeps, with the thread-locals as they are; no other G runs on that thread. The G waits and is readied like any
// other. An M that takes the G from a queue sends it home: the P goes to the home, which wakes up in the middle of
// `execute`.
//     home:   H1  counts the G as waiting (or runnable), and commits: now others can find it
//             H2  in one hold of the lock: puts the P on the idle list, and no longer counts as a worker (Spinning §4)
//             H3  looks again for runnable Gs (T3 of Spinning §3), because it was not counted as spinning
//             H4  sleeps until it is woken with a P
//     other:  O1  takes the G from a queue;  O2  adds the home to the count of workers, lets go of its own P
//             O3  `prepare`s the home with that P, and `wake`s it;  O4  sleeps on the list of idle Ms
// O3 may come before H2: `prepare` writes words that the home reads only after H4, and a `wake` that comes before the
// sleep is remembered.
//
// §4 What would break it. H2 without giving up the P: with only one P the G is never readied. No H3: a G in this P's
// own queue waits beside an idle P. O1 that runs the G itself: §1. A `wake` that is forgotten: the P is lost.
import Region
import Synchronization

extension M {
  /// Gives the P away, and sleeps until another M has found the G that keeps this thread, and gives this M a P for it
  /// (H2 to H4 of §3). The G has just left its stack, and H1 is done. The M holds a P before and after.
  func stayHome() {
    let sched = sched
    sched.lock.lock()
    sched.workers -= 1
    sched.giveUp(release(), by: self)  // H2 of §3
    sched.lock.unlock()
    sched.netpoll.arm(self)
    sched.wakePIfThereIsWork(self)  // H3 of §3
    sleepAtHome()
  }

  /// Sleeps until another M gives this M a P, to run the G that keeps this thread (H4 of §3). The M holds no P and does
  /// not count as a worker.
  func sleepAtHome() {
    setState(.parked)
    emit(.mPark)
    Pace.rests(self)
    sleepUntilWoken()
    resume()
  }

  /// Gives this M's P to `home`, the M whose thread `g` must run on, and wakes `home` (O2 to O4 of §3). The M holds a P
  /// before and after.
  func send(_ g: G, to home: M) {
    let sched = sched
    sched.lock.lock()
    sched.workers += 1
    sched.lock.unlock()
    home.found = found  // the home reads this word after `wake`, like the words of `prepare`
    home.prepare(nextP: release(), spinning: false)
    emit(.mWake, count: home.id)
    home.wake()
    sleepForP()
  }
}

extension Scheduler {
  /// Looks for runnable Gs as in T3 (Spinning §3), and wakes an M if there are some. For an M that was not counted as
  /// spinning.
  fileprivate func wakePIfThereIsWork(_ m: M) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if hasWork { wakeP(m) }
  }
}
