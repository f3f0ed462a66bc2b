// The rules of the scheduler that explanations end with, two sentences each.
internal import Region

enum Rules {
  static func p(_ status: PStatus) -> String {
    switch status {
    case .idle:
      "A P is given up when its LRQ, the GRQ, the network and all other LRQs have nothing. Who makes a G ready while a "
        + "P is idle and nobody searches wakes an M, and that takes the P."
    case .running, .stopped:
      "A P runs one G at a time: runnext first, then its LRQ in order, then a share of the GRQ, the network, half of "
        + "another P's LRQ. After a quarter of a millisecond the GRQ comes first once, so that nobody starves."
    case .spinning:
      "A P that ran out looks at the GRQ, the network, and then at the LRQs of others from a random one on, four times "
        + "round. Half of the busy Ps may search at once; more would take more CPU than the work they look for."
    case .syscall:
      "A G in a system call blocks its thread, and its P stays for a while: most calls are short. Sysmon takes the P "
        + "when others are ready, or after 10 ms, and gives it to another M."
    }
  }

  static func m(_ state: MState) -> String {
    switch state {
    case .running, .starting, .none, .exited:
      "An M is a thread; it needs a P to run Gs, so at most procs of them run at a time. The others sleep, sit in "
        + "system calls, or do the runtime's own work."
    case .spinning: p(.spinning)
    case .parked:
      "An M without a P sleeps on a futex, and costs nothing but memory. It is woken when a G is ready, a P is idle, "
        + "and nobody searches."
    case .syscall: p(.syscall)
    case .netpoll, .standby:
      "Gs that wait for sockets cost no thread: one M asks the kernel for all of them. While all Ps are busy it stands "
        + "by, because a P polls for itself before it steals or sleeps."
    case .sysmon:
      "Sysmon has no P. It takes Ps from Ms that sleep in the kernel, asks Gs that run longer than 10 ms to stop, and polls "
        + "the network when nobody else has."
    case .gc:
      "Swift frees memory by counting, so there is no heap to mark. This thread gives back the stacks and descriptors of "
        + "Gs that are gone."
    case .preemptWait:
      "A G that is made to stop keeps its thread, inside the signal handler. Its turn comes by the GRQ, and then the "
        + "thread that has the P hands it over."
    }
  }

  static let steal =
    "A P that ran out takes half of another P's LRQ, in one go; what that P would run next is taken only as a last "
    + "resort. Many looks and few hits mean that there is little work to share, not that something is wrong."

  static let ring =
    "A ring overwrites its oldest records and waits for nobody, so tracing never slows the target down. What a reader "
    + "misses is counted to the record; gauges do not come from rings, and stay right."

  static let descriptor =
    "A G that finds a socket not ready parks, and its P runs others. The kernel tells the next poll that it is ready, "
    + "and the poll puts the G on a run queue. An idle connection costs its memory, and no thread."

  static func latency(_ kind: SpanKind) -> String {
    switch kind {
    case .runQueue:
      "A ready G waits on a queue until a P takes it; it should be microseconds. It is long when all Ps are busy, when one "
        + "G keeps a P, or when a thread is slow to wake."
    case .netpoll:
      "From the poll that found the socket ready until the G ran. The poll itself may have come late: that is a "
        + "netpollLate event."
    case .slice:
      "From a G's start until it parks, exits or gives way. After 10 ms sysmon asks it to stop if others wait."
    case .syscall:
      "A system call blocks a thread, not a P for long: sysmon takes the P away. Many at once mean many threads."
    }
  }

  /// What ends a wait.
  static func wait(_ reason: WaitReason) -> String {
    switch reason {
    case .netpollRead, .netpollWrite: descriptor
    case .chanReceive:
      "It waits until another G sends on its channel, or closes it. Nobody else can end this wait: if that G does not "
        + "exist any more, it waits for ever and is a leak."
    case .chanSend:
      "It waits until another G receives from its channel. Nobody else can end this wait: without a receiver it is a leak."
    case .select: "It waits until one of several channels is ready. If no other G knows them it is a leak."
    case .sleep:
      "It waits for a timer, which the P that runs out, or sysmon, fires when it is due. No thread waits."
    case .mutex, .semaphore, .condition, .waitGroup:
      "It waits until another G unlocks, signals or is done. If most Gs wait for this, one lock is what they share: see by "
        + "spawn site who holds it."
    case .signal: "It waits for a signal of the operating system, perhaps for the whole life of the program."
    case .await: "It waits for an async function of Swift's own concurrency."
    case .none: p(.running)
    }
  }
}
