// Drift: a thread that sleeps in the kernel without having said so loses its P.
//
// §1 The problem. A G may wait in the kernel outside of `blocking`: for a lock of the operating system's (malloc's, that
// of stdout, an actor's), or in a `usleep`. Its P does nothing meanwhile, and those behind it wait. The signal
// of Preempt §2 helps nobody here: it gives the P on, but it ends `usleep` and `poll` early, and a G that waits for a lock
// goes back to waiting when its turn comes, with a P again.
//
// §2 The design. Such a G is in a system call, whether it said so or not, so sysmon treats it as if it had: it counts the
// G as in one, takes the P and gives it on. The thread is then *adrift*. It knows nothing of that, and need not: it
// touches nothing that belongs to the P before it enters the runtime. There, at the border, it stands still, sysmon puts
// the G on the GRQ, and the M that picks it up grants the thread a P, as in Preempt §3. Or sysmon sees that the thread
// uses the CPU, without a P and without end: then it has it stand still by the signal. So no more Gs run than there are Ps,
// but for moments.
//
// §3 The protocol. Sysmon must know that the thread is outside the runtime, and stays there, though it may wake up at any
// time. The word `inside` is written by the thread at every border, too often for a fence.
//     thread:  inside ← true;   (compiler barrier)   then stop word = being taken, or adrift?  wait
//     sysmon:  stop word runs → being taken, by CAS;   a barrier in every thread;   then inside?  take it back : take the P
// The barrier (membarrier) orders the thread's store and load as a fence in it would have, at the one moment at which that
// matters. So at least one of the two sees the other. While the word says `being taken` the record of the M is sysmon's.
//     sysmon:  being taken → adrift (release)
//     border:  adrift → stands still, by CAS, and rings the bell;   waits until it is granted a P
//     handler: adrift, outside → stands still, by CAS;   waits likewise. Not in a library with locks, which it leaves soon
//     sysmon:  stands still: counts the G as queued, and queues it. It owns both, since the thread does not move
//     sysmon:  adrift → on loan, by CAS, when the handler has been patient for too long: on loan it stops wherever it is
//
// §4 Convoys. Where threads sleep for a lock, the one that has it may be stopped: by the signal, with its G on the GRQ.
// Everybody who gets a turn needs the lock, and falls asleep in turn. So the P of a thread that sleeps in `futex` goes
// straight to the G that was stopped last, if there is one: that the line stands still since then makes it the likeliest
// owner. If it is not, it runs into the lock as well, and the one before is next.
//
// §5 Who sleeps. A thread that has hardly used the CPU since the last look is looked up in /proc, which tells a
// thread that sleeps from one that waits for a CPU. One that slept for a moment only keeps its P: to give that on would
// start threads for nothing. Sysmon can do that without a lock and without malloc.
//
// §6 What would break it; DriftModel shows it. No barrier, or `inside` read before the word is changed: the thread comes in
// while its P is taken, and two Ms use one P. The border lets it in: likewise. No bell, or nobody who looks: it stands for
// ever. A request to stop that is not taken back when the thread falls asleep: the word never says `runs`, so the P cannot be
// taken, and sleeps with it.
import CMPG
import Region

/// The threads that are adrift. Owner: sysmon.
struct Drift {
  /// What is known of one.
  struct Entry {
    fileprivate var next: M?
    /// Its CPU time when it was last looked at, in nanoseconds; and when to look next, in ticks.
    fileprivate var cpu: UInt64?
    fileprivate var due: UInt64 = 0
    fileprivate var pause: UInt64 = 0
    /// Signals that it was sent because it ran.
    fileprivate var signals = 0
  }

  private var first: M?

  /// Signals after which it is stopped wherever it is.
  private static let patience = 16

  var isEmpty: Bool { first == nil }

  /// Takes `p` from `sleeper`, which sleeps in the kernel, and gives it on. False: it was awake by then, or inside the
  /// runtime.
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

  /// Looks at all of them. By sysmon.
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

  /// Whether one that is adrift runs: then it is to stand still.
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
  /// Gives a P on that nobody holds. By sysmon.
  fileprivate func giveOn(_ p: P, forLock: Bool, by sysmon: M) {
    lock.lock()
    workers -= 1
    if forLock, p.id < procs, let g = grqTakeLastStopped() {  // §4
      workers += 1
      lock.unlock()
      sysmon.noteTake(from: p, count: 1)
      return grant(p, to: g, from: .grq)
    }
    passOn(p, by: sysmon)
  }

  /// The thread of `m` was adrift, and stands still: its G waits for its turn. By sysmon, on behalf of that thread.
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
