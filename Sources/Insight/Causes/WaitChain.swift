// The chain of a wait: where the G was, hop by hop, from the moment it stopped running to the moment it ran
// again.
//
// Hops follow each other without a gap, on one clock, so their lengths add up to the wait to the nanosecond,
// by construction. If the events do not say where the G was, the hop is of kind `unknown`.

/// One part of a wait: the place where the G was, and the event that ended that.
public struct Hop: Sendable, Equatable {
  /// The place where the G was.
  public enum Kind: String, Sendable, CaseIterable {
    /// Parked. What the G waited for was not there, as far as is known.
    case waiting
    /// Parked, although what the G waited for may have been there (a descriptor) or was due (a timer): no
    /// thread had looked for it.
    case late
    /// Inside a system call.
    case syscall
    /// Runnable: in a P's `runnext`, on a P's LRQ, or on the GRQ.
    case runnext, lrq, grq
    /// Runnable, still on a queue, while the M that later ran the G had been woken, but had no P yet.
    case waking
    /// Runnable, still on a queue, while the M that later ran the G had a P and searched for work.
    case searching
    /// The P that runs the G next has taken it from its queue, but does not run it yet.
    case starting
    /// Runnable, in a place that the events do not tell.
    case unknown
  }

  /// The thing that ended a hop.
  ///
  /// - `readied`: another G made this G runnable. `fired`: its timer did. `polled`: a poll did.
  /// - `returned`: its system call returned.
  /// - `displaced`: another G took this G's place in `runnext`. `spilled`: a full LRQ gave this G to the GRQ.
  /// - `taken`: a P took the G from the GRQ. `stolen`: a P stole the G. `ran`: the G ran.
  /// - `woken`: an M was woken to run the G, or that M got a P.
  /// - `lasting`: nothing, the hop goes on. `unknown`: the events do not say.
  public enum Ending: String, Sendable, CaseIterable {
    /// `Ending` says what each case means.
    case readied, fired, polled, returned, displaced, spilled, taken, stolen, woken, ran, lasting, unknown
  }

  /// The place where the G was during the hop.
  public var kind: Kind
  /// The thing that ended the hop.
  public var ending: Ending
  /// The moment at which the hop began, in nanoseconds of the machine's monotonic clock.
  public var begin: UInt64
  /// How long the hop lasted, in nanoseconds.
  public var duration: UInt64
  /// The P on whose queue the G stood, or, in `starting`, the P that took the G and runs it next; nil: none.
  public var p: Int?
  /// The M that is woken, that searches, or that is inside the system call; nil: none.
  public var m: Int?
  /// The G that ended the hop, because it readied this G or displaced it; nil: no G did.
  public var by: UInt64?
  /// The P that took or stole the G at the end of the hop; nil: none did.
  public var taker: Int?
  /// How many Gs were ahead of this G on the queue; nil: the events do not say.
  public var depth: Int?
  /// The descriptor for which the G waited; nil: none, or not known.
  public var fd: Int?
  /// The hop in words, without its length.
  public var text = ""

  /// The moment at which the hop ended, in nanoseconds of the machine's monotonic clock.
  public var end: UInt64 { begin + duration }
}

/// A verdict: the thing that is to blame for the longest hop of a wait.
public struct Verdict: Sendable, Equatable {
  /// The thing that is to blame.
  public enum Cause: String, Sendable, CaseIterable {
    /// Nothing in the scheduler: what the G waited for did not come sooner. The reason of the wait says what
    /// that is.
    case waited
    /// The poll that found the G's descriptor ready was late, or the G's timer was late.
    case netpollLate, timerLate
    /// One G kept the P, or every P, for the target's time slice or longer (10 ms if the target does not tell
    /// it).
    case hog
    /// The P on whose queue the G stood ran other Gs; or every P did.
    case pWasBusy, everyPWasBusy
    /// The M of the P on whose queue the G stood was inside a system call.
    case blockedM
    /// Another P was idle for at least half of the hop, and stole the G late.
    case stolenLate
    /// The G was on the GRQ while a P was idle.
    case pWasIdle
    /// The operating system took long to run the M that was woken.
    case slowWake
    /// The G itself was in a system call.
    case syscall
    /// The events do not say what is to blame.
    case unknown
  }

  /// The thing that is to blame.
  public var cause: Cause
  /// The verdict in words.
  public var text: String
  /// The G that is to blame; nil: no single one is.
  public var g: UInt64?
  /// The P on which the cause lay; nil: no single one.
  public var p: Int?
  /// The M on which the cause lay; nil: no single one.
  public var m: Int?
  /// How long the G to blame ran, or the M to blame was inside its system call, in nanoseconds, including the
  /// time before and after the wait. nil: the beginning of that time is not in the history, or nothing of the
  /// kind is to blame.
  public var lasted: UInt64?
}

/// A wait, explained.
public struct WaitChain: Sendable, Equatable {
  /// The wait that is explained.
  public var wait: Wait
  /// The place where the G was spawned; nil: not known.
  public var entry: String?
  /// The moment at which the G stopped running, in nanoseconds of the machine's monotonic clock.
  public var begin: UInt64
  /// The moment at which the G ran again, or, if it still waits, the moment up to which the wait is known.
  public var end: UInt64
  /// The hops, at least one, without gaps. Their durations add up to `duration`.
  public var hops: [Hop]
  /// The index of the longest hop.
  public var guilty: Int
  /// The verdict on the hop `guilty`.
  public var verdict: Verdict
  /// Whether the beginning of the wait is known and no records are missing from its time.
  public var isWhole: Bool
  /// The P on which the G ran again; nil: it still waits.
  public var p: Int?
  /// The M on which the G ran again; nil: it still waits.
  public var m: Int?

  /// The length of the wait, in nanoseconds.
  public var duration: UInt64 { end - begin }
}
