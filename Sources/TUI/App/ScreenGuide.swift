// How to find out something with a screen: signs to look for, and what to do about each. A screen's help
// begins with these lines.
//
// At 80 columns a line has room for sixty letters after the first column.

enum ScreenGuide {
  /// The signs on a screen, and the place to which each leads.
  static func lines(_ screen: ScreenID) -> [(String, String)] { all[screen] ?? [] }

  private static let all: [ScreenID: [(String, String)]] = [
    .overview: [
      ("x", "what goes on, what is wrong, and where to look next"),
      ("runnable", "Gs that wait for a P: 8 tells how long, and why"),
      ("GRQ, full LRQs", "bursts of new Gs, or one that keeps a P: 2, then x on a P"),
      ("syscall", "Gs that block a thread: 4, then x on an M"),
      ("parked grows", "3, then o: what they wait for; o again: who spawned them"),
    ],
    .ps: [
      ("x", "what this P did last: Gs, steals, polls, who woke its M"),
      ("use 100%", "busy: x tells how long its G has run, and who waits"),
      ("LRQ full", "a burst: 5 tells whether the others steal it"),
      ("search", "high: little work for many Ps; no harm while there is none"),
    ],
    .gs: [
      ("x", "why it waits, hop by hop, and what can end that"),
      ("o", "groups them by what they wait for; o again: by who spawned"),
      ("Enter", "shows a group's Gs; one that only grows is a leak"),
      ("since", "s sorts by it: chanReceive for hours, and no sender: a leak"),
    ],
    .ms: [
      ("x", "what this thread did last, and what its time went to"),
      ("Y syscall", "it is blocked in the system; its P goes on with another M"),
      ("k kept", "a preempted G keeps it: there is a hog"),
      ("many Ms", "as many calls block at once; stall: too few cores"),
    ],
    .steals: [
      ("x", "from whom this P stole, how often, and the last time"),
      ("few hits", "many look and find nothing: little work to share"),
      ("one column", "all steal from one P: it gets all the new Gs"),
    ],
    .netpoll: [
      ("x", "how often this socket was waited for, and why its G waits"),
      ("since", "s sorts by it: long is idle, which costs memory, no thread"),
      ("Gs a poll", "large: many are ready at once, the Ps are busy"),
      ("sysmon", "polls of its: all Ps were busy, and nobody else polled"),
    ],
    .timeline: [
      ("h, l, then x", "what filled this column, and how its G came to run"),
      ("x", "without a cursor: what this P, or this M, did last"),
      ("one letter", "one G keeps the P; over the whole row: a hog"),
      ("z, o", "look at a shorter, at a longer time"),
    ],
    .latency: [
      ("j, k, then x", "the slowest of this row, and what is to blame for it"),
      ("in one go", "long while others wait: a hog; x names it"),
      ("in a system call", "long: a disk, a lock of the system; x names the slowest"),
      ("avoidable", "high: threads wake slowly; saturated: more work than Ps"),
    ],
    .events: [
      ("x", "what it means, what led to it, what it led to"),
      ("/", "kind:goPreempt hogs, kind:retake long calls, kind:steal"),
      ("F", "only the events of this G, on whichever P"),
    ],
    .stage: [
      ("z, then .", "hold the scheduler, and let it make one decision"),
      ("( and )", "let it make a few decisions each second"),
      ("[ and ]", "a look back: one event at a time"),
      ("a click on a G", "follows it, wherever it goes; x explains it"),
    ],
    .tracer: [
      ("x", "how soon this ring is overwritten, and what was lost"),
      ("lost", "above 0: numbers from events lack some; gauges are right"),
    ],
  ]
}
