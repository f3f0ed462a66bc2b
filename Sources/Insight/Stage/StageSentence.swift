// The sentences of the stage: what an event does, for somebody who sees a scheduler for the first time.
//
// Each sentence says who does what, and what follows for the queues. It uses the field's words (runnext, LRQ, GRQ, park,
// steal) and no other ones, and it says nothing that the event does not tell.
import Observed
import Region

/// The sentence of one event.
struct StageSentence {
  private let event: Event
  private let kind: EventKind
  private let g: String
  private let p: String

  init(_ event: Event, _ kind: EventKind) {
    (self.event, self.kind) = (event, kind)
    g = "G\(event.g ?? 0)"
    p = event.lane.name
  }

  /// The sentence; nil: the event has none.
  var text: String? { ofG ?? ofGs ?? ofThread }

  /// What happens to one G.
  private var ofG: String? {
    switch kind {
    case .goCreate:
      let by = event.other == 0 ? "\(g) is spawned" : "G\(event.other) spawns \(g)"
      return by + queued(", and nobody knows where it waits")
    case .goStart, .goResume: return "\(p) runs \(g)" + source
    case .goPark: return "\(g) parks: it waits for \(wait). \(p) is free for another G"
    case .goReady: return ready + queued("")
    case .goYield: return "\(g) gives way" + queued("")
    case .goExit: return "\(g) is done, and gone"
    case .goPreempt:
      return "\(g) has run long enough: it is preempted" + queued("")
    case .goSyscall: return "\(g) goes into a system call, and M\(event.m) with it"
    case .goSyscallExit: return "\(g) is back from its system call" + back
    case .goSetAside: return "there is no stack for \(g): it is set aside"
    default: return nil
    }
  }

  /// What happens to several Gs at once.
  private var ofGs: String? {
    let gs = counted(event.count, "G")
    switch kind {
    case .steal where event.detail == 1:
      return "\(p) has no work: it steals the G in P\(event.arg)'s runnext"
    case .steal: return "\(p) has no work: it steals \(gs), half of P\(event.arg)'s LRQ"
    case .overflow: return "\(p)'s LRQ is full: \(gs) go to the GRQ"
    case .grqTake: return "\(p) takes \(gs) from the GRQ; \(Quantity.grouped(event.arg)) stay there"
    case .takeUp:
      return "\(gs) that waited for a stack" + (event.count == 1 ? " is" : " are") + " ready again"
    case .nextStolen: return "the G in \(p)'s runnext has just been stolen"
    case .netpoll:
      return "a poll finds \(counted(event.arg, "socket")) ready, and \(gs) that waited"
    case .timers: return counted(event.count, "timer") + (event.count == 1 ? " fires" : " fire")
    default: return nil
    }
  }

  /// What happens to a P or an M.
  private var ofThread: String? {
    let m = "M\(event.m)"
    switch kind {
    case .procStart: return "\(m) takes P\(event.count)"
    case .procStop: return "\(m) lets P\(event.count) go"
    case .retake: return "M\(event.arg) is still in its system call: sysmon takes P\(event.count) from it"
    case .preemptRequest: return "sysmon asks the G on P\(event.count) to stop: it has had its turn"
    case .mSpin: return "\(m) has no work on \(p): it searches the GRQ, the poll and the other Ps"
    case .mUnspin: return "\(m) " + (event.arg == 1 ? "has found work" : "has found no work")
    case .mPark: return "\(m) sleeps: there is nothing to do"
    case .mWake: return "\(m) wakes M\(event.count)" + (event.arg == 1 ? ", to search for work" : "")
    case .mStart: return "\(m) is a new thread"
    case .mEnd: return "\(m) ends: nobody needed it"
    case .procsChange: return "from now on there are \(event.count) Ps"
    case .procRetire: return "P\(event.count) is stopped for good"
    case .lend: return "sysmon lends G\(event.arg) time without a P"
    default: return nil
    }
  }

  // MARK: parts

  private func queued(_ unknown: String) -> String {
    switch event.place.queue {
    case .runnext: ": it goes into \(p)'s runnext"
    case .displacing where event.place.depth >= Capacity.lrq:
      ": it goes into \(p)'s runnext, and what was there finds no room on the LRQ"
    case .displacing: ": it goes into \(p)'s runnext, and what was there to the LRQ"
    case .lrq: ": it goes to the end of \(p)'s LRQ"
    case .grq: ": it goes to the GRQ"
    case .untold, nil: unknown
    }
  }

  private var source: String {
    switch event.runSource {
    case .runnext: ", from its runnext"
    case .lrq: ", the first on its LRQ"
    case .grq: ", from the GRQ"
    case .steal, .stealNext: ", which it stole"
    case .netpoll: ", which its own poll found ready"
    case .untold, nil: ""
    }
  }

  private var wait: String {
    switch event.reason {
    case .netpollRead: "its socket to have something to read"
    case .netpollWrite: "room in its socket"
    case .chanSend: "somebody to receive from its channel"
    case .chanReceive: "something to come by its channel"
    case .sleep: "its time to come"
    case .waitGroup: "a group of Gs"
    case .mutex: "a mutex"
    case .select: "one of several channels"
    case .condition: "a condition"
    case .semaphore: "a semaphore"
    case .signal: "a signal"
    case .await: "Swift's async code"
    case nil: "a reason that this build does not know"
    case .some(.none): "something that it does not tell"
    }
  }

  private var ready: String {
    if event.other != 0 { return "G\(event.other) makes \(g) ready" }
    return switch event.reason?.group {
    case .netpoll: "the socket of \(g) is ready, and so is \(g)"
    case .sleep: "the time of \(g) has come: it is ready"
    default: "\(g) is ready"
    }
  }

  private var back: String {
    switch event.detail {
    case 0: ", and no P is free" + queued("")
    case 1: ": its P is still there, and it runs on"
    default: ": its P is gone, and it runs on \(p)"
    }
  }
}
