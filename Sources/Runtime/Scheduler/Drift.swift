// Drift: a thread that sleeps in the kernel without having said so (by `blocking`) loses its P.
//
// §1 The problem. A G may wait in the kernel outside of `blocking`: for a lock of the operating system's (malloc's,
// that of stdout, an actor's), or in a `usleep`. Its P does nothing meanwhile, and the Gs behind it wait. The signal of
// Preempt §2 is no remedy. It would free the P, but it ends `usleep` and `poll` early; and a G that waits for a lock
// would go back to waiting at its next turn, with a P again.
//
// §2 The design. Such a G is in a system call, whether it said so or not, so sysmon treats it as if it had said so.
// Sysmon counts the G as in a system call, takes the P and passes it on. The thread is then *adrift*. It does not know
// that, and need not: it touches nothing that belongs to the P before it enters the runtime. There, at the border
// between user code and runtime, it stands still; sysmon puts the G on the GRQ, and the M that takes the G from there
// grants the thread a P, as in Preempt §3. Or sysmon sees that the thread uses the CPU for long without a P: then
// sysmon stops the thread by the signal. So, except for moments, no more Gs run than there are Ps.
//
// §3 The protocol. Sysmon must know that the thread is outside the runtime, and stays outside, though it may wake up at
// any time. The thread writes the word `inside` at every border, so often that a fence there would cost too much.
//     thread:  inside ← true;   (compiler barrier)   then: stop word = being taken, or adrift?  wait
//     sysmon:  stop word runs → being taken, by CAS;   a barrier in every thread;   then: inside?  take it back :
//              take the P
// The barrier (membarrier) orders the thread's store and load as a fence between them would, at the one moment at which
// that matters. So at least one of the two sides sees the other. While the word says `being taken`, the M's record is
// sysmon's.
//     sysmon:  being taken → adrift (release)
//     border:  adrift → stands still, by CAS, and wakes sysmon (rings its bell);   waits until it is granted a P
//     handler: adrift, outside → stands still, by CAS;   waits likewise. Not in a library with locks, which the thread
//              leaves soon
//     sysmon:  stands still: counts the G as queued, and queues it. Sysmon owns G and M, since the thread does not move
//     sysmon:  adrift → on loan, by CAS, when 16 signals have not stopped the thread: the handler stops a thread on
//              loan even in a library with locks
//
// §4 Convoys. Suppose the holder of a lock was stopped by the signal, and its G is on the GRQ. Every G that gets a turn
// needs the lock, and falls asleep in its turn. So the P of a thread that sleeps in `futex` goes straight to the G that
// was stopped last, if there is one. The Gs that want the lock have made no progress since that G was stopped, so that
// G is the likeliest holder. If it is not the holder, it falls asleep for the lock as well, and the G that was stopped
// before it is next.
//
// §5 Which threads sleep. Sysmon looks a thread up in /proc if it has hardly used the CPU since the last look. /proc
// tells a thread that sleeps from one that waits for a CPU. A thread that slept only for a moment keeps its P, because
// passing that P on would start threads for nothing. Sysmon can do this lookup without a lock and without malloc.
//
// §6 What would break it; DriftModel shows it. No barrier, or reading `inside` before the word is changed: the thread
// enters while its P is taken, and two Ms use one P. A border that lets an adrift thread in: the same. No bell, or no
// sysmon that looks at adrift threads: the thread stands still for ever. A request to stop that is not taken back when
// the thread falls asleep: the word never says `runs`, so sysmon cannot take the P, which stays with the sleeping
// thread.
import CMPG
import Region

/// The threads that are adrift. Owner: sysmon.
struct Drift {
  /// What sysmon knows about one adrift thread.
  struct Entry {
    fileprivate var next: M?
    /// The thread's CPU time at the last look, in nanoseconds; nil: not known.
    fileprivate var cpu: UInt64?
    /// When to look at the thread next, in ticks.
    fileprivate var due: UInt64 = 0
    fileprivate var pause: UInt64 = 0
    /// How many signals the thread was sent because it was seen to run.
    fileprivate var signals = 0
  }

  private var first: M?

  /// After this many signals the thread is stopped even in a library that may hold a lock.
  private static let patience = 16

  var isEmpty: Bool { first == nil }

  /// Takes `p` from `sleeper`, which sleeps in the kernel, and passes it on. False, and nothing is taken, if `sleeper`
  /// is asked to stop, is inside the runtime, or no longer runs a G with `p`.
  mutating func take(_ p: P, from sleeper: M, forLock: Bool, _ now: UInt64, by sysmon: M) -> Bool {
    guard sleeper.changeStop(.runs, .beingTaken) else { return false }
    guard mpg_all_threads_barrier(), !sleeper.isInside, sleeper.heldP == p, let g = sleeper.g else {
      _ = sleeper.changeStop(.beingTaken, .runs)
      return false
    }
    sleeper.enteredSyscall(g, at: sleeper.stamp())
    p.shared[.g].set(0)
    sleeper.setState(.syscall)
    _ = sleeper.release()
    let pause = sched.grain / 4
    sleeper.drift = Entry(next: first, cpu: sleeper.cpuTime, due: now &+ pause, pause: pause)
    first = sleeper
    _ = sleeper.changeStop(.beingTaken, .adrift)
    sysmon.noteRetake(p, from: sleeper.id)
    sched.giveOn(p, forLock: forLock, by: sysmon)
    return true
  }

  /// Looks at all threads that are adrift. Called by sysmon.
  mutating func look(_ now: UInt64, by sysmon: M) -> Watch.Look {
    var came = Watch.Look.nothing
    var (kept, next): (M?, M?) = (nil, first)
    while let m = next {
      next = m.drift.next
      if m.stop == .standsStill {
        sched.queueStopped(m, by: sysmon)
        came = .acted
        continue
      }
      if now >= m.drift.due { came = max(came, check(m, now)) }
      m.drift.next = kept
      kept = m
    }
    first = kept
    return came
  }

  /// Checks whether an adrift thread runs. If so, makes it stand still.
  private func check(_ m: M, _ now: UInt64) -> Watch.Look {
    let ran = m.cpuUsed(since: m.drift.cpu) ?? 0
    m.drift.cpu = m.cpuTime
    guard ran > sched.grain / 16 else {
      m.drift.pause = min(m.drift.pause &* 2, sched.slice)
      m.drift.due = now &+ m.drift.pause
      return .nothing
    }
    m.drift.signals += 1
    m.drift.pause = sched.grain / 4
    m.drift.due = now &+ m.drift.pause
    if m.drift.signals > Self.patience { _ = m.changeStop(.adrift, .onLoan) }
    m.recall()
    return .soon
  }
}

extension Scheduler {
  /// Passes on a P that no M holds. Called by sysmon.
  fileprivate func giveOn(_ p: P, forLock: Bool, by sysmon: M) {
    lock.lock()
    workers -= 1
    if forLock, p.id < procs, let g = grqTakeLastStopped() {  // the likeliest holder of the lock: §4
      workers += 1
      lock.unlock()
      sysmon.noteTake(from: p, count: 1)
      return grant(p, to: g, from: .grq)
    }
    passOn(p, by: sysmon)
  }

  /// Puts the G of `m`, whose thread was adrift and stands still, on the GRQ. Called by sysmon on behalf of that
  /// thread.
  fileprivate func queueStopped(_ m: M, by sysmon: M) {
    guard let g = m.g else { fatal("M\(m.id) is adrift without a G") }
    let cameBack = m.isInside
    g.keeper = m
    m.setState(.preemptWait)
    m.queuedAfterSyscall(g)
    Preemption.count(1)
    lock.lock()
    if cameBack {
      grqAppend(fresh: g, at: sysmon.stamp())
    } else {
      grqAppend(worn: g, at: sysmon.stamp())
    }
    lock.unlock()
    wakePAfterSubmit(sysmon)
  }
}
