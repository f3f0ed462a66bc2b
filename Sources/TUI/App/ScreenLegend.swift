// The meanings of a screen's columns and signs, for its help.

/// The meanings of a screen's columns and signs, for somebody who sees the screen for the first time.
enum ScreenLegend {
  static func words(_ screen: ScreenID) -> [(String, String)] { words[screen] ?? [] }

  /// The meanings of what a screen shows only if the source can read stacks.
  static func wordsOfStacks(_ screen: ScreenID) -> [(String, String)] {
    switch screen {
    case .gs:
      [
        ("at", "the innermost call of the program's own code; Enter: all calls"),
        ("o, 3 times", "groups by stack; moved: it went on while it was read"),
      ]
    case .ms:
      [("locked to", "the G that alone runs on this thread; in C: calls to C now")]
    case .netpoll, .ps: [("Enter", "the stack of the row's G")]
    default: []
    }
  }

  private static let words: [ScreenID: [(String, String)]] = [
    .ps: [
      ("use", "share of the last second that it ran Gs, or was between two"),
      ("calls, search", "in a system call, nothing ran; its M looked for work"),
      ("its time", "all of it as a bar: work, = in a call, ~ searching, then idle"),
      ("steals, lost", "steals by this P, and from it; Gs got: how many Gs"),
      ("hits, tries", "looks at other queues, and those that found something"),
      ("G cache", "new Gs whose descriptor, or stack, was at hand"),
    ],
    .gs: [
      ("since", "how long it has been in this state"),
      ("P", "where it ran last; by: the G that spawned it"),
      ("filter", "reason:netpoll age>100ms site~about p:1 by:7 !state:running"),
    ],
    .ms: [
      ("its time", "of the last 10 s: work, - between Gs, ~ searching, = in a call"),
      ("", "run, sched, search, call, no P: the same in figures"),
      ("os", "the system's letter: R runs, S sleeps, D cannot be disturbed"),
      ("cpu, stall", "of the last second: on a core; ready, but without a core"),
      ("gave up", "times that it gave its core up; taken: that it lost it"),
    ],
    .steals: [
      ("looks, hits", "looks at queues of others, and those that found something"),
      ("a steal", "Gs that one steal brings: half of the victim's queue"),
      ("from P0", "steals from that P since boot"),
    ],
    .latency: [
      ("saturated", "ready Gs waited, and all Ps ran others"),
      ("avoidable", "ready Gs waited while a P was idle"),
      ("searching", "ready Gs waited while a P looked for some"),
      ("unpolled", "news for Gs may have lain in the kernel: nobody polled"),
      ("CPUs", "threads that were ready, and had no CPU: the system's account"),
      ("found ready", "from the poll that found its socket ready until the G ran"),
      ("!", "what is likely wrong, with the numbers that say so"),
    ],
    .netpoll: [
      ("peer, here", "both ends of the connection, from /proc"),
      ("since", "how long the G has waited for it"),
      ("Gs a poll", "how many Gs one poll made ready, of the last polls"),
    ],
    .timeline: [
      ("A-Z", "one G had most of this column; its number is told below"),
      ("a level", "many Gs shared it, and it was that busy"),
      ("~ =", "searching for work; in a system call"),
    ],
    .events: [
      ("ago", "before the moment that is shown; after: since the event before it"),
      ("filter", "kind:steal|overflow p:0 g:42 m:3 reason:mutex fd:9"),
      ("", "a filter looks at more of the past than what is shown"),
    ],
    .stage: [
      ("next, LRQ, GRQ", "the first cell of a queue is the next to be taken"),
      ("?", "a G of which the events do not tell which one it is"),
      ("colours", "Gs that one G spawned have one colour"),
      ("a line", "the way of the last move; the number is how many Gs went"),
    ],
    .tracer: [
      ("lost", "overwritten before mpgtop could read them"),
      ("fullest ring", "how full one became between two readings; 100% begins to lose"),
      ("an event", "what it costs mpgtop to take one in; the target pays nothing"),
    ],
  ]
}
