// The list of all goroutines, as text: for SIGQUIT, and for a deadlock. The reporter writes it without allocation and
// without a lock, because a goroutine in the list may hold malloc's lock.
//
// `kill -QUIT` prints the list on stderr and lets the process go on, unlike Go, which ends it: a service can list its
// goroutines and run on. With MPG_SIGQUIT=exit in the environment the process ends, as in Go, with exit code 2.
import CMPG
import Region

enum AllGoroutines {
  /// Writes a heading, and one line for each live G: id, state, since when, where it was spawned. Cuts the list short
  /// when nobody reads it, or when it takes too long (Reporter §3).
  static func report(_ heading: (inout PlainText) -> Void) {
    let now = Clock.now
    let end = now &+ Clock.ticks(nanoseconds: Reporter.limit)
    guard PlainText.line(patience: Reporter.patience, heading) else { return }
    for slot in 0..<UInt32(truncatingIfNeeded: sched.shared[.gSlots].acquired) {
      let g = G(slot: slot)
      let status = GStatus(word: g.shared[.status].acquired)
      guard let state = status.state, state != .idle, state != .dead else { continue }
      guard Clock.now < end else {
        PlainText.line(patience: 0) { $0.add("  the rest is left out: nobody reads fast enough") }
        return
      }
      let isWritten = PlainText.line(patience: Reporter.patience) { $0.add(g, state, status, at: now) }
      guard isWritten else { return }
    }
  }

  fileprivate static func words(_ state: GState, _ status: GStatus) -> StaticString {
    state == .waiting ? words(status.reason ?? .none) : words(state)
  }

  private static func words(_ state: GState) -> StaticString {
    switch state {
    case .idle: "idle"
    case .runnable: "runnable"
    case .running: "running"
    case .syscall: "system call"
    case .waiting: "waiting"
    case .preempted: "preempted"
    case .dead: "dead"
    }
  }

  private static func words(_ reason: WaitReason) -> StaticString {
    switch reason {
    case .none: "waiting"
    case .netpollRead: "netpoll, to read"
    case .netpollWrite: "netpoll, to write"
    case .chanSend: "channel send"
    case .chanReceive: "channel receive"
    case .sleep: "sleep"
    case .waitGroup: "wait group"
    case .mutex: "mutex"
    case .select: "select"
    case .condition: "condition"
    case .semaphore: "semaphore"
    case .signal: "signal"
    case .await: "async function"
    }
  }
}

extension PlainText {
  fileprivate mutating func add(_ g: G, _ state: GState, _ status: GStatus, at now: UInt64) {
    add("  goroutine ")
    add(g.id)
    add(" [")
    add(AllGoroutines.words(state, status))
    add(", ")
    add(ticks: now.excess(over: g.shared[.since].relaxed))
    add("] ")
    add(entryOf: g)
  }
}
