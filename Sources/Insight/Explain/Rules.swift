// The rules of the scheduler with which explanations end, each in a few sentences. The numbers are the
// target's own (RuleNumbers.swift). No number is written here, and if a target does not tell a number, the
// sentence does without it.
import History
import Observed
import Region

/// The rules of the scheduler in words, with the numbers of one target.
package struct Rules {
  package let numbers: Snapshot.RuleNumbers

  init(_ numbers: Snapshot.RuleNumbers) { self.numbers = numbers }

  /// The rule on when a G has to give way to others; see Preempt §7.
  package var turn: String {
    guard numbers[.preemption] != 2 else {
      return "Here preemption is off: a G keeps its P until it parks, gives way or is done."
    }
    return
      "A G that others wait behind is asked to stop: after \(numbers.named("a grain", .grain)) of CPU time while a "
      + "fresh G waits, one that is new or was just made ready; after \(numbers.named("a slice", .slice)) while only worn Gs wait, "
      + "whose own turn was over. Gs that make one another the next by runnext share one turn."
  }

  /// The rule on when a P loses its M because the M sleeps in the kernel; see Syscall §2, Drift §2.
  package var retake: String {
    "Sysmon takes the P when somebody waits and the call lasts from one look to the next, or when it lasts "
      + "\(numbers.named("a slice", .slice)); then another M goes on with it. A thread that sleeps in the kernel outside of "
      + "a system call that it has told of loses its P likewise, when somebody waits."
  }

  /// The rule on the order in which a P takes Gs; see Scheduler §3, FindRunnable §2.
  package var order: String {
    let often = numbers[.turn].map { "at every \(Quantity.ordinal($0)) start" } ?? "now and then"
    let elsewhere = numbers.text(.elsewhere).map { "After \($0) without a look elsewhere" } ?? "After a while"
    return
      "A P runs one G at a time: runnext first, then its LRQ in order, then a share of the GRQ, the network, half of "
      + "another P's LRQ. \(elsewhere) one G from the GRQ, or from the network, comes before its LRQ, and \(often) one that "
      + "stands in line comes before runnext: so nobody starves."
  }

  /// The rule behind the state of a P.
  package func p(_ status: PStatus) -> String {
    switch status {
    case .idle:
      "A P is given up when its LRQ, the GRQ, the network and all other LRQs have nothing. Who makes a G ready while a "
        + "P is idle and nobody searches wakes an M, and that takes the P."
    case .running, .stopped: order
    case .spinning:
      "A P that ran out looks at the GRQ, the network, and then at the LRQs of others from a random one on, "
        + "\(numbers[.rounds].map { Quantity.times($0) } ?? "several times") round. Half of the busy Ps may search at once; "
        + "more would take more CPU than the work they look for."
    case .syscall:
      "A G in a system call blocks its thread, and its P stays for a while: most calls are short. \(retake)"
    }
  }

  /// The rule behind the state of an M.
  package func m(_ state: MState) -> String {
    switch state {
    case .running, .starting, .none, .exited:
      "An M is a thread; it needs a P to run Gs, so at most procs of them run at a time. The others sleep, sit in "
        + "system calls, or do the runtime's own work."
    case .spinning: p(.spinning)
    case .parked:
      "An M without a P sleeps on a futex, and costs nothing but memory. It is woken when a G is ready, a P is idle, "
        + "and nobody searches; or when a P is to go on with another M."
    case .syscall: p(.syscall)
    case .netpoll, .standby:
      "Gs that wait for sockets cost no thread: one M asks the kernel for all of them. While all Ps are busy it stands "
        + "by, because a P polls for itself before it steals or sleeps."
    case .sysmon:
      "Sysmon has no P. It takes Ps from Ms that sleep in the kernel, asks Gs to stop whose turn is over while others "
        + "wait, and polls the network when \(unpolled). \(turn)"
    case .gc:
      "Swift frees memory by counting, so there is no heap to mark. This thread gives back the stacks and descriptors of "
        + "Gs that are gone."
    case .preemptWait:
      "A G that was preempted in the middle of its code keeps its thread. Its turn comes by the worn line of the GRQ, and "
        + "then the M that takes it hands its P to this thread."
    }
  }

  /// The rule on when sysmon polls; see Sysmon §4.
  package var unpolled: String {
    "nobody has for " + (numbers.text(.backstop) ?? "long") + " though all Ps are busy"
  }

  /// The rule on how a P steals.
  package static let steal =
    "A P that ran out takes half of another P's LRQ, in one go; what that P has as the next is taken only as a "
    + "last resort. Many looks and few hits mean that there is little work to share, not that something is wrong."

  /// The rule on what a ring keeps, and what it loses.
  package static let ring =
    "A ring overwrites its oldest records and waits for nobody, so tracing never slows the target down. What a reader "
    + "misses is counted to the record; gauges do not come from rings, and stay right."

  /// The rule on how a G waits for a socket.
  package static let descriptor =
    "A G that finds a socket not ready parks, and its P runs others. The kernel tells the next poll that it is ready, "
    + "and the poll puts the G on a run queue. An idle connection costs its memory, and no thread."

  /// The rule on what makes a latency long.
  package func latency(_ kind: SpanKind) -> String {
    switch kind {
    case .runQueue:
      "A ready G waits on a queue until a P takes it; it should be microseconds. It is long when all Ps are busy, when one "
        + "G keeps a P, or when a thread is slow to wake."
    case .netpoll:
      "From the poll that found the socket ready until the G ran. The poll itself may have come late: that is a "
        + "netpollLate event."
    case .slice: "From a G's start until it parks, is done, gives way or is preempted. \(turn)"
    case .syscall:
      "A system call blocks a thread, not a P for long: sysmon takes the P away. Many at once mean many threads."
    }
  }

  /// The rule on what it means that many Gs of one spawn site wait for this reason.
  package static func manyThatWait(for reason: WaitReason) -> String {
    switch reason {
    case .mutex, .semaphore, .condition, .waitGroup: "They stand in line for one thing that they share."
    default: "If they only become more, it is a leak."
    }
  }

  /// The rule on what ends a wait for this reason.
  package func wait(_ reason: WaitReason) -> String {
    switch reason {
    case .netpollRead, .netpollWrite: Self.descriptor
    case .chanReceive:
      "It waits until another G sends on its channel, or closes it. Nobody else can end this wait: if that G does not "
        + "exist any more, it waits for ever and is a leak."
    case .chanSend:
      "It waits until another G receives from its channel. Nobody else can end this wait: without a receiver it is a leak."
    case .select: "It waits until one of several channels is ready. If no other G knows them it is a leak."
    case .sleep:
      "It waits for a timer, which its P, one that searches, or the netpoll thread fires when it is due. No thread waits."
    case .mutex, .semaphore, .condition, .waitGroup:
      "It waits until another G unlocks, signals or is done. If most Gs wait for this, one lock is what they share."
    case .signal: "It waits for a signal of the operating system, perhaps for the whole life of the program."
    case .await: "It waits for an async function of Swift's own concurrency."
    case .none: order
    }
  }
}
