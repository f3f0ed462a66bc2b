// What each kind of event means, for somebody who sees it for the first time.
internal import Region

extension EventKind {
  /// What it is and when it happens, in a sentence or two.
  var explanation: String { moveMeaning ?? schedulerMeaning ?? rareMeaning }

  private var moveMeaning: String? {
    switch self {
    case .goCreate:
      "A G begins its life as ready. It becomes the next of the P that made it; what was next moves to the LRQ."
    case .goStart:
      "A P begins to run a G. The time is how long the G was ready before: that is scheduling latency."
    case .goPark: "A G stops to wait, and its M goes on with another G. No thread waits with it."
    case .goReady:
      "A wait is over: the G is on a run queue again. Who ended the wait is named, unless a poll or a timer did."
    case .goYield: "A G gave way of its own accord, and is the last of its LRQ."
    case .goExit: "A G is done. Its stack and its descriptor go to the P's cache, for the next one."
    case .goPreempt:
      "A G ran for 10 ms while others waited, and was made to stop. It goes on when its turn comes by the GRQ."
    case .goResume: "A G that was made to stop goes on where it was."
    case .goSyscall:
      "A G enters a call of the system that may block its thread. Its P may be taken away meanwhile."
    case .goSyscallExit: "A G is back from the system. It goes on at once if a P is free, else it queues."
    case .goLabel:
      "From here on the G belongs to another span, such as a request, and so do the Gs that it makes."
    default: nil
    }
  }

  private var schedulerMeaning: String? {
    switch self {
    case .procStart: "A thread got a P, and may run Gs."
    case .procStop: "A thread gave its P up, because there was nothing to run anywhere."
    case .steal: Rules.steal
    case .overflow:
      "An LRQ holds 256 Gs. When it is full, half of it goes to the GRQ in one go, where any P may take it."
    case .grqTake: "A P takes its fair share of the global run queue: the Gs there, divided by the Ps."
    case .mStart: "A new thread begins to run."
    case .mPark: "A thread goes to sleep, without a P."
    case .mEnd: "A thread ends: it slept, and nobody has needed it for some seconds."
    case .mWake: "A sleeping thread is woken: a G is ready, a P is idle, and nobody searches."
    case .mSpin:
      "A thread has a P and nothing to run, and looks for work. " + "Half of the busy Ps may do so at once."
    case .mUnspin:
      "A thread stops searching. When it found work and was the last to search, it wakes another one."
    case .netpoll:
      "A poll found sockets ready. Searching Ms poll for themselves; the netpoll thread waits when all are idle."
    case .timers: "Timers were due, and made their Gs ready."
    default: nil
    }
  }

  private var rareMeaning: String {
    switch self {
    case .boot: "A step of the runtime's start, before the program's own code."
    case .gcStart, .gcEnd: Rules.m(.gc)
    case .retake: "Sysmon took a P from a thread in a long system call, so that others can run."
    case .preemptRequest:
      "Sysmon saw one G on a P for longer than 10 ms while others wait, and sent a signal to its thread."
    case .procsChange: "The number of Ps was changed."
    case .procRetire: "A P beyond the new number was stopped; its Gs went to the GRQ."
    case .shortage: "The system had no more of something. The runtime went on, and tries again."
    case .lend: "No P moved for long, so a G that was made to stop got time without one."
    case .netpollLate:
      "Nobody had asked the kernel for ready sockets for over a millisecond; Gs may have waited in vain."
    case .timerLate: "A timer fired over a millisecond after it was due, because no P looked at it earlier."
    default: ""
    }
  }
}
