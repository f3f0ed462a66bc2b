// Explains a P, an M, and a stretch of time of either.
import History
import Observed

extension Explainer {
  /// Maximum number of acts (things that a P or an M did) in one answer.
  private static let mostActs = 9

  func explainP(_ id: Int, _ answer: inout Explanation) {
    guard let p = snapshot.ps.first(where: { $0.id == id }) else {
      return answer.add(.head, "There is no P\(id) at this moment.")
    }
    let acts = Story(of: .p(id), evidence).acts
    answer.add(.head, stateText(of: p, acts))
    answer.add(.text, snapshot.queueText(of: p))
    if acts.isEmpty {
      answer.add(.text, "Nothing happened to it in the \(evidence.reachText) before this moment.")
    } else {
      add(acts, most: Self.mostActs, to: &answer)
    }
    answer.add(.rule, evidence.rules.p(p.status))
  }

  /// A sentence that says what a P does now: `P1 runs G42 (serve(_:) at Server.swift:40) on M4, for 1.2 ms so
  /// far.`
  func stateText(of p: Snapshot.P, _ acts: [Act]) -> String {
    let m = p.m.map { "M\($0)" } ?? "no M"
    switch p.status {
    case .idle:
      let since = acts.last.map { ", since \(TimeText.short(evidence.ago($0.end)))" } ?? ""
      let ready = snapshot.gs.runnable + snapshot.gs.preempted
      let rest = ready > 0 ? "though \(counted(ready, "G")) could run" : "and nothing is ready to run"
      return "P\(p.id) is idle\(since): no M holds it, \(rest)."
    case .running:
      guard let g = p.g else { return "P\(p.id) is held by \(m), which is between two Gs." }
      let since = evidence.goroutine(g).flatMap { $0.state == .running ? $0.since : nil }
      let time = evidence.clock.nanoseconds(at: evidence.ticks)
      let lasted = since.map { ", for \(TimeText.short(time - min(time, $0))) so far" } ?? ""
      return "P\(p.id) runs \(evidence.name(g)) on \(m)\(lasted)."
    case .spinning: return "P\(p.id) has nothing to run, and its \(m) searches for work."
    case .syscall: return "P\(p.id) is with \(m), which is blocked in a system call."
    case .stopped: return "P\(p.id) is stopped: it is beyond the number of procs."
    }
  }

  func explainM(_ id: Int, _ answer: inout Explanation) {
    guard let m = snapshot.ms.first(where: { $0.id == id }) else {
      return answer.add(.head, "There is no M\(id) at this moment.")
    }
    answer.add(.head, stateText(of: m))
    if let times = instruments?.recent.ms.first(where: { $0.m == id }), let window = instruments?.recentTime {
      answer.add(.text, "Of the last \(TimeText.short(window)): \(Self.split(times, window)).")
    }
    let acts = Story(of: .m(id), evidence).acts
    if acts.isEmpty {
      answer.add(.text, "No event tells of it in the \(evidence.reachText) before this moment.")
    } else {
      add(acts, most: Self.mostActs, to: &answer)
    }
    answer.add(.rule, evidence.rules.m(m.state))
  }

  private func stateText(of m: Snapshot.M) -> String {
    let p = m.p.map { "P\($0)" } ?? "no P"
    let who = m.named
    switch m.state {
    case .running:
      return "\(who) holds \(p) and " + (m.g.map { "runs \(evidence.name($0))." } ?? "is between two Gs.")
    case .spinning: return "\(who) holds \(p) and searches for work."
    case .parked: return "\(who) sleeps: there is no P, or no work, for it."
    case .syscall:
      return "\(who) is blocked in a system call" + (m.g.map { " of \(evidence.name($0))" } ?? "") + "."
    case .netpoll: return "\(who) waits in the kernel until a socket is ready."
    case .standby: return "\(who) is the netpoll thread, and stands by: the busy Ps poll for themselves."
    case .sysmon: return "\(who) is sysmon, which looks after the others."
    case .gc: return "\(who) collects what the runtime does not need any more."
    case .preemptWait: return "\(who) is kept by a preempted G, until that runs on."
    case .starting: return "\(who) was asked for, and has not begun yet."
    case .none, .exited: return "\(who) is gone."
    }
  }

  /// The time of an M by what it did, as text: `running 3.1 s (31 %), searching 2.0 ms (0 %)`. Leaves out
  /// what took no time.
  static func split(_ times: MTime, _ window: UInt64) -> String {
    let parts = [
      ("running Gs", times.running), ("between two Gs", times.scheduling), ("searching", times.spinning),
      ("in system calls", times.syscall), ("without a P", times.withoutP),
    ]
    return parts.filter { $0.1 > 0 }.map { name, time in
      "\(name) \(TimeText.short(time)) (\(Quantity.percent(time, of: max(1, window))))"
    }.joined(separator: ", ")
  }

  // MARK: a stretch of one P or M

  /// Adds what a P or an M did in a stretch of time, and how the G that ran longest in it came to run.
  ///
  /// - Parameters:
  ///   - from: the beginning of the stretch, in nanoseconds of the machine's monotonic clock.
  ///   - to: the end of the stretch, in nanoseconds of the machine's monotonic clock.
  func explainSlice(_ lane: Lane, _ from: UInt64, _ to: UInt64, _ answer: inout Explanation) {
    let clock = evidence.clock
    let (start, end) = (clock.ticks(at: from), min(clock.ticks(at: to), evidence.ticks))
    answer.add(
      .head,
      "\(lane.name) from \(TimeText.short(evidence.ago(start))) to \(TimeText.short(evidence.ago(end))) before this moment."
    )
    guard start <= end, end >= evidence.from else {
      return answer.add(
        .text, "That is longer ago than the \(evidence.reachText) whose events are looked through.")
    }
    let acts = Story(of: lane, evidence).acts(from: start, to: end)
    if acts.isEmpty {
      answer.add(.text, "Nothing happened to it then: it stayed what it was.")
    } else {
      add(acts, most: Self.mostActs, to: &answer)
    }
    if let g = longestRunner(lane, start, end) {
      var there = player
      there.seek(to: clock.nanoseconds(at: end))
      answer.add(.text, "The G that had most of it, and how it came to run there:")
      if !addChain(of: g, there, to: &answer) {
        answer.add(.text, "The history has no wait of G\(g) before.")
      }
    }
    if case .p = lane {
      answer.add(.rule, evidence.rules.p(.running))
    } else {
      answer.add(.rule, evidence.rules.m(.running))
    }
  }

  /// The G that ran longest on a P, or an M, between two moments in ticks.
  private func longestRunner(_ lane: Lane, _ start: UInt64, _ end: UInt64) -> UInt64? {
    var (times, current) = ([UInt64: UInt64](), nil as (g: UInt64, since: UInt64)?)
    func add(_ time: UInt64) {
      guard let run = current, time > max(run.since, start) else { return }
      times[run.g, default: 0] += min(time, end) - min(max(run.since, start), min(time, end))
    }
    for event in evidence.events where event.record.time <= end {
      let isOurs = if case .m(let id) = lane { id == Int(event.record.m) } else { event.lane == lane }
      guard isOurs, let kind = event.record.kind else { continue }
      switch kind {
      case .goStart, .goResume: current = (event.record.g, event.record.time)
      case .goSyscallExit where event.record.detail != 0: current = (event.record.g, event.record.time)
      case .goPark, .goYield, .goExit, .goPreempt, .goSyscall:
        add(event.record.time)
        current = nil
      default: break
      }
    }
    add(end)
    return times.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }
}
