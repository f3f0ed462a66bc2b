// The verdict on a wait: what is to blame for its longest hop.
//
// If a runnable G waits on a queue, the cause is one of these: the P of the queue ran other Gs, perhaps one
// of them for long; the M of that P was inside a system call; or another P could have taken the G and did
// not. The sums of what each P did meanwhile (Occupancy.swift) decide. A cause is named only if it accounts for
// at least half of the hop.
import Observed
import Region

/// Judges one hop, the longest of its wait.
package struct Judge {
  package let hop: Hop
  /// The length of the hop, in ticks.
  package let length: UInt64
  package let late: WaitFacts.Late?
  package let reason: WaitReason
  /// The occupancy of each P during the hop, by the P's id. Empty if the verdict does not depend on it.
  package let ps: [Int: Occupancy]
  package let clock: Clock
  /// Returns the words for a G in the verdict, by the G's id.
  package let name: (UInt64) -> String

  /// The time slice: how long a G may run in one go while others wait, in nanoseconds. A G that keeps a P for
  /// this long is a hog.
  package let hog: UInt64

  /// Whether the verdict on a hop depends on what the Ps did during the hop.
  static func asksForPs(_ hop: Hop) -> Bool {
    switch hop.kind {
    case .waiting, .syscall, .waking: false
    case .late, .runnext, .lrq, .grq, .searching, .starting, .unknown: true
    }
  }

  /// Returns the verdict: what is to blame for the hop, in words and ids.
  package func verdict() -> Verdict {
    switch hop.kind {
    case .waiting: return Verdict(cause: .waited, text: waited)
    case .late: return lateVerdict()
    case .syscall: return Verdict(cause: .syscall, text: "it was in a system call", m: hop.m)
    case .runnext, .lrq:
      guard let p = hop.p, let had = ps[p] else { return unknown }
      return onQueue(of: p, had)
    case .grq, .searching: return onGRQ() ?? unknown
    case .unknown: return everyP() ?? unknown
    case .waking:
      let text = "the system took \(time(length)) to run M\(hop.m ?? 0), which was woken for it"
      return Verdict(cause: .slowWake, text: text, m: hop.m)
    case .starting:
      guard let p = hop.p, let had = ps[p] else { return unknown }
      return blame(p, had) ?? unknown
    }
  }

  private var unknown: Verdict { Verdict(cause: .unknown, text: "the events do not say why") }

  private var waited: String {
    let what = hop.fd.map { "fd \($0)" } ?? Self.words(reason)
    switch hop.ending {
    case .readied: return "it waited for \(what), until \(name(hop.by ?? 0)) ended that"
    case .lasting: return "it waits for \(what)"
    default: return "it waited for \(what)"
    }
  }

  /// The thing that a G waits for, as the end of a sentence that begins with "it waits for".
  package static func words(_ reason: WaitReason) -> String {
    switch reason {
    case .none: "something"
    case .netpollRead: "a descriptor to be readable"
    case .netpollWrite: "a descriptor to be writable"
    case .chanSend: "a channel to take a value"
    case .chanReceive: "a channel to give a value"
    case .sleep: "its moment"
    case .waitGroup: "a wait group"
    case .mutex: "a lock"
    case .select: "one of several channels"
    case .condition: "a condition"
    case .semaphore: "a semaphore"
    case .signal: "a signal"
    case .await: "an async function"
    }
  }

  // MARK: queues

  private func onQueue(of p: Int, _ had: Occupancy) -> Verdict {
    if hop.ending == .stolen,
      let idle = ps.filter({ $0.key != p && isHalf($0.value.idle) }).max(by: { $0.value.idle < $1.value.idle }
      )
    {
      let text = "P\(idle.key) was idle for \(time(idle.value.idle)) of it, and stole it late"
      return Verdict(cause: .stolenLate, text: text, p: idle.key)
    }
    return blame(p, had) ?? unknown
  }

  /// Returns a verdict that blames the system calls or the runs of P `p` during the hop; nil: neither fill half of
  /// the hop.
  private func blame(_ p: Int, _ had: Occupancy) -> Verdict? {
    if isHalf(had.syscall), let call = had.longestSyscall {
      let until = had.retaken == nil ? "" : " until sysmon took P\(p) from it"
      let text = "M\(call.m), which had P\(p), was blocked in a system call of \(name(call.g))\(until)"
      return Verdict(
        cause: .blockedM, text: text, g: call.g, p: p, m: call.m, lasted: call.isWhole ? ns(call.length) : nil
      )
    }
    if let run = had.longestRun, isHalf(run.inside) { return held(p, run) }
    guard isHalf(had.running) else { return nil }
    return Verdict(cause: .pWasBusy, text: "P\(p) ran \(had.runs) others first", p: p)
  }

  private func held(_ p: Int, _ run: Occupancy.Stretch) -> Verdict {
    let isHog = ns(run.length) >= hog
    return Verdict(
      cause: isHog ? .hog : .pWasBusy, text: "P\(p) was held by " + ran(run) + (isHog ? " (hog)" : ""),
      g: run.g,
      p: p, m: run.m, lasted: run.isWhole ? ns(run.length) : nil)
  }

  private func ran(_ run: Occupancy.Stretch) -> String {
    "\(name(run.g)), which ran for \(run.isWhole ? "" : "more than ")\(time(run.length))"
  }

  private func onGRQ() -> Verdict? {
    if let busy = everyP() { return busy }
    guard let idle = ps.max(by: { $0.value.idle < $1.value.idle }), isHalf(idle.value.idle) else {
      return nil
    }
    return Verdict(
      cause: .pWasIdle, text: "P\(idle.key) was idle for \(time(idle.value.idle)) of it", p: idle.key)
  }

  /// Blames all Ps, if some G held each of them, running or in a system call, for at least four fifths of the
  /// hop; nil: this is not so for every P.
  private func everyP() -> Verdict? {
    guard !ps.isEmpty, ps.values.allSatisfy({ $0.held / 4 >= length / 5 }) else { return nil }
    if ps.count == 1, let (p, had) = ps.first, let verdict = blame(p, had), verdict.cause != .pWasBusy {
      return verdict
    }
    let longest = ps.compactMap { p, had in had.longestRun.map { (p: p, run: $0) } }
      .max { $0.run.inside < $1.run.inside }
    var verdict = Verdict(cause: .everyPWasBusy, text: "every P was busy")
    if let longest, isHalf(longest.run.inside) {
      verdict.text += "; P\(longest.p) with \(ran(longest.run))"
      (verdict.g, verdict.p, verdict.m) = (longest.run.g, longest.p, longest.run.m)
      verdict.lasted = longest.run.isWhole ? ns(longest.run.length) : nil
      let held = ps.values.allSatisfy { ($0.longestRun.map { isHalf($0.inside) }) ?? false }
      if held, ns(longest.run.length) >= hog { verdict.cause = .hog }
    }
    return verdict
  }

  private func lateVerdict() -> Verdict {
    let busy = everyP()
    let cause: Verdict.Cause = late?.isTimer == true ? .timerLate : .netpollLate
    let what =
      late?.isTimer == true
      ? "its timer was due \(time(length)) before somebody looked"
      : "nobody polled for \(time(length)), in which its descriptor may have been ready; then \(poller) did"
    return Verdict(
      cause: cause, text: what + (busy.map { ": \($0.text)" } ?? ""), g: busy?.g, p: busy?.p, m: busy?.m,
      lasted: busy?.lasted)
  }

  private var poller: String {
    switch late?.poller {
    case 0: "the netpoll thread"
    case 1: "a searching M"
    case 2: "sysmon"
    default: "somebody"
    }
  }

  private func isHalf(_ ticks: UInt64) -> Bool { ticks >= length - length / 2 && ticks > 0 }

  private func ns(_ ticks: UInt64) -> UInt64 { clock.nanoseconds(lasting: ticks) }
  private func time(_ ticks: UInt64) -> String { TimeText.short(ns(ticks)) }
}
