// The chain of a wait: hop by hop where the G was, from the moment that it stopped running to the one that it ran again.
//
// Hops follow each other without a gap, in one clock, so their lengths add up to the wait to the nanosecond: that is
// how they are made, not something that is checked. What the events do not say is a hop of kind `unknown`.

/// One part of a wait.
public struct Hop: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Parked: what it waited for was not there, as far as is known.
    case waiting
    /// Parked, while what it waited for may have been there (a descriptor), or was due (a timer), and nobody looked.
    case late
    case syscall
    /// Runnable, in a P's `runnext`, on a P's LRQ, on the GRQ.
    case runnext, lrq, grq
    /// Runnable, on the same queue, while the thread that was woken for it came to run.
    case waking
    /// Runnable, on the same queue, while that thread, with a P, looked for work.
    case searching
    /// Taken from its queue by the P that runs it next.
    case starting
    /// Runnable; the events do not say where.
    case unknown
  }

  /// What ended it.
  public enum Ending: String, Sendable, CaseIterable {
    case readied, fired, polled, returned, displaced, spilled, taken, stolen, woken, ran, lasting, unknown
  }

  public var kind: Kind
  public var ending: Ending
  /// Nanoseconds of the machine's monotonic clock.
  public var begin: UInt64
  public var duration: UInt64
  /// The P whose queue it stood on; the P that runs it at last in `starting`.
  public var p: Int?
  /// The M that is woken, that searches, or that was inside the system call.
  public var m: Int?
  /// Who ended it: the G that readied or displaced it.
  public var by: UInt64?
  /// The P that took it at the end of the hop.
  public var taker: Int?
  /// Gs on the queue before it, when that was told.
  public var depth: Int?
  /// The descriptor that it waited for.
  public var fd: Int?
  /// In words, without the time.
  public var text = ""

  public var end: UInt64 { begin + duration }
}

/// Why a wait took as long as it did: what is to blame for its longest hop.
public struct Verdict: Sendable, Equatable {
  public enum Cause: String, Sendable, CaseIterable {
    /// What it waited for did not come sooner: the reason says what.
    case waited
    /// The poll that found its descriptor ready came late, or the timer.
    case netpollLate, timerLate
    /// One G kept the P, or every P, for ten milliseconds or more.
    case hog
    /// The P, or every P, ran others.
    case pWasBusy, everyPWasBusy
    /// The P's thread was inside a system call.
    case blockedM
    /// Another P was idle for at least half of it, and did not steal.
    case stolenLate
    /// It was on the GRQ, and a P was idle.
    case pWasIdle
    /// The system took long to run the thread that was woken.
    case slowWake
    /// It was in a system call itself.
    case syscall
    /// The events do not say.
    case unknown
  }

  public var cause: Cause
  /// In words.
  public var text: String
  /// Who is to blame, as far as it is one: the G, where it was.
  public var g: UInt64?
  public var p: Int?
  public var m: Int?
  /// Nanoseconds that the G ran, or the thread was inside the system call, also before and after the wait; nil when
  /// its beginning is not in the history.
  public var lasted: UInt64?
}

/// A wait, explained.
public struct WaitChain: Sendable, Equatable {
  public var wait: Wait
  /// Where the G was spawned.
  public var entry: String?
  public var begin: UInt64
  /// When it ran, or the moment that is looked at.
  public var end: UInt64
  /// At least one, without gaps: their durations add up to `duration`.
  public var hops: [Hop]
  /// The longest of them, and why.
  public var guilty: Int
  public var verdict: Verdict
  /// Whether the wait's beginning is known, and no records are missing while it lasted.
  public var isWhole: Bool
  /// The P and the M on which it ran then.
  public var p: Int?
  public var m: Int?

  public var duration: UInt64 { end - begin }
}
