// The meaning of each kind of event, for somebody who sees it for the first time. The runtime's MeaningTests
// provoke each kind, and compare what is said here with what happened.
import History
import Observed
import Region

extension EventKind {
  /// Sentences that say what the event is and when it happens. The numbers are those of the target's own
  /// rules.
  func explanation(_ rules: Rules) -> String {
    moveMeaning(rules) ?? schedulerMeaning(rules) ?? rareMeaning(rules)
  }

  private func moveMeaning(_ rules: Rules) -> String? {
    switch self {
    case .goCreate:
      "A G begins its life as ready. It becomes the next of the P that made it; what was next moves to the end of the LRQ."
    case .goStart:
      "A P begins to run a G. The time is how long the G was ready before: that is scheduling latency."
    case .goPark: "A G stops to wait, and its M goes on with another G. No thread waits with it."
    case .goReady:
      "A wait is over: the G is on a run queue again. Who ended the wait is named, unless a poll or a timer did."
    case .goYield:
      """
      A G gave way of its own accord. It goes to the end of its P's LRQ, or of the GRQ where there are more Ps than CPUs, and \
      has its next turn after those before it.
      """
    case .goExit: "A G is done. Its stack and its descriptor go to the P's cache, for the next one."
    case .goPreempt:
      "A G was made to stop while others waited, or its P was to go. It is worn now, and its next turn comes by the worn "
        + "line of the GRQ; preempted in the middle of its code, it keeps its thread until then. \(rules.turn)"
    case .goResume:
      "A G that was preempted in the middle of its code goes on there: the M that took it from the GRQ handed its P to the "
        + "thread that the G keeps."
    case .goSyscall:
      "A G enters a call of the system that may block its thread, or sysmon found its thread asleep in the kernel. Its P "
        + "may be taken away meanwhile. \(rules.retake)"
    case .goSyscallExit:
      "A G is back from the system. It goes on at once with the P that it had, or an idle one; else it queues on the GRQ."
    case .goLabel:
      "From here on the G belongs to another span, such as a request, and so do the Gs that it makes."
    case .log: "The program wrote a line to the trace. If it did so for a task, the span is named."
    case .cpuSample:
      "The CPU profiler's signal came while the thread ran. Samples come with CPU time, at the rate of the program's profiler, so "
        + "many in one function mean that much time went there."
    default: nil
    }
  }

  private func schedulerMeaning(_ rules: Rules) -> String? {
    switch self {
    case .procStart:
      "A thread got a P, and may run Gs: it was woken for it, was handed it, or took an idle one."
    case .procStop:
      "A thread let go of its P. It found nothing to run; or its G was preempted, or sleeps in the kernel, and keeps the "
        + "thread; or it took a G that keeps another thread, and hands that one the P."
    case .steal: Rules.steal
    case .overflow:
      "\(rules.numbers.named("A full LRQ", .lrq)) gives its older half to the GRQ in one go, with the G that found no room; "
        + "there any P may take them."
    case .grqTake:
      "A P takes Gs from the global run queue: a worn one by itself, to run at once, or of the fresh ones its share, the Gs "
        + "there divided by the Ps. A P that has Gs of its own takes one only. Fresh Gs go first, but for a part of the "
        + "time that the worn ones have."
    case .mStart: "A new thread begins to run."
    case .mPark: "A thread goes to sleep, without a P."
    case .mEnd: "A thread ends: it slept, and nobody has needed it for some seconds."
    case .mWake:
      "A sleeping thread is woken: a G is ready, a P is idle, and nobody searches; or it is handed a P to go on with."
    case .mSpin:
      "A thread has a P and nothing to run, and looks for work. Half of the busy Ps may do so at once."
    case .mUnspin:
      "A thread stops searching. When it found work and was the last to search, it wakes another one."
    case .netpoll:
      "A poll found descriptors ready. Ms that search poll for themselves; the netpoll thread waits in the kernel while a P "
        + "is idle; sysmon polls when \(rules.unpolled)."
    case .netpollStandby:
      "The netpoll thread waits in another way from here on. While every P is busy it stands by, since the Ps poll for "
        + "themselves; once a P is idle it waits in the kernel."
    case .timers: "Timers were due, and made their Gs ready."
    default: nil
    }
  }

  private func rareMeaning(_ rules: Rules) -> String {
    let late = rules.numbers.more(than: .lateness)
    return switch self {
    case .boot: "A step of the runtime's start, before the program's own code."
    case .gcStart, .gcEnd: rules.m(.gc)
    case .retake:
      "Sysmon took a P from a thread that sleeps in the kernel, so that others can run. \(rules.retake)"
    case .preemptRequest:
      "Sysmon asked a thread to give way, since its G has had its turn and others wait. The thread does so when it next "
        + "leaves the runtime; if it does not soon, a signal stops it where it is. \(rules.turn)"
    case .procsChange: "The number of Ps was changed."
    case .procRetire: "A P beyond the new number was stopped; its Gs went to the GRQ."
    case .shortage: "The system had no more of something. The runtime went on, and tries again."
    case .lend:
      "No P moved for \(rules.numbers.named("a slice", .slice)), so a G whose thread stood still got time without one: it may hold "
        + "the lock that all wait for."
    case .netpollLate:
      "Nobody had asked the kernel for ready descriptors for \(Self.length(late)); the Gs that this poll found may have "
        + "waited in vain."
    case .timerLate: "A timer fired \(late) after it was due, because nobody looked at it earlier."
    case .nextStolen:
      "The G that was to move from runnext to the LRQ was stolen at that very moment, so none moved."
    case .goSetAside:
      "There was no memory for a new G's stack. The G waits, on no queue, until there is some."
    case .takeUp: "There are stacks again: Gs that had to wait for one are on a run queue."
    case .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit, .procStart, .procStop, .steal,
      .overflow, .grqTake, .mStart, .mPark, .mWake, .mSpin, .mUnspin, .netpoll, .timers, .goPreempt,
      .goResume, .goSyscall, .goSyscallExit, .goLabel, .mEnd, .netpollStandby,
      .log, .cpuSample:
      ""
    }
  }

  private static func length(_ words: String) -> String { words == "long" ? "a long time" : words }
}
