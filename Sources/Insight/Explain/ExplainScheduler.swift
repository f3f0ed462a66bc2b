// Explains the scheduler as a whole: what goes on, what is wrong, and where to look further.
import History
import Observed

extension Explainer {
  private static let mostPs = 4

  func explainScheduler(_ answer: inout Explanation) {
    answer.add(.head, Glance.sum(snapshot.gs))
    if let pressure = instruments?.pressure, pressure.measured > 0 { answer.add(.text, text(of: pressure)) }
    let tally = Tally(evidence)
    answer.add(.text, tally.text(evidence.reachText))
    for p in snapshot.ps.prefix(Self.mostPs) { answer.add(.text, stateText(of: p, [])) }
    if snapshot.ps.count > Self.mostPs {
      answer.add(.text, "… and \(snapshot.ps.count - Self.mostPs) more Ps.", seeAlso: [.ps])
    }
    for finding in instruments?.findings ?? [] { answer.add(.mark, "! \(finding.message)") }
    answer.lines += hints(tally)
  }

  private func text(of pressure: Pressure) -> String {
    func share(_ time: UInt64) -> String { Quantity.percent(time, of: pressure.measured) }
    return
      "Of \(TimeText.short(pressure.measured)) measured: nobody waited for a P in \(share(pressure.calm)); ready Gs "
      + "waited while all Ps were busy in \(share(pressure.saturated)), while a P looked for them in "
      + "\(share(pressure.searching)), while a P was idle in \(share(pressure.avoidable))."
  }

  /// The most telling hints where to look further, four at most.
  private func hints(_ tally: Tally) -> [Explanation.Line] {
    let gs = snapshot.gs
    var hints: [Explanation.Line] = []
    func add(_ text: String, _ seeAlso: SeeAlso...) {
      hints.append(Explanation.Line(.hint, text, seeAlso: seeAlso))
    }
    if let site = instruments?.findings.first(where: { $0.lint == LintName.growingSite.rawValue }) {
      add("Gs of one place only become more: \(site.entry ?? "?").", .gsBySpawnSite, .waitOfOne)
    }
    if tally.preemptions > 0 {
      add(
        "Gs are preempted, because others wait behind them.", .preemptions, .longest(.slice), .timeline)
    }
    if gs.syscall > 0 || tally.calls > 0 {
      add("Gs block threads in system calls.", .ms, .longest(.syscall))
    }
    let isGRQLong = UInt64(clamping: snapshot.grq ?? 0) > snapshot.ruleNumbers[.lrq] ?? .max
    if tally.overflows > 0 || isGRQLong {
      add("Gs come in bursts that fill LRQs.", .ps, .steals, .gsBySpawnSite)
    }
    let largest = gs.waiting.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
    if let (reason, count) = largest, count > 0 {
      add(
        "Most that wait, \(Quantity.grouped(count)), wait for \(reason).",
        reason.group == .netpoll ? .sockets : .gs(waitingFor: reason), .waitOfOne)
    }
    return Array(hints.prefix(4))
  }
}

/// How often each kind of thing happened in the seconds before the moment that is explained.
package struct Tally: Equatable {
  package var created = 0
  package var exited = 0
  package var starts = 0
  package var steals = 0
  package var overflows = 0
  package var preemptions = 0
  package var calls = 0
  package var polls = 0

  package init(_ evidence: Evidence) {
    for event in evidence.events {
      switch event.record.kind {
      case .goCreate: created += 1
      case .goExit: exited += 1
      case .goStart: starts += 1
      case .steal: steals += 1
      case .overflow: overflows += 1
      case .goPreempt: preemptions += 1
      case .goSyscall: calls += 1
      case .netpoll: polls += 1
      default: break
      }
    }
  }

  /// The counts in a sentence: `In the last 3.1 s: 12 Gs created, 12 done, 40 runs begun.`
  package func text(_ reach: String) -> String {
    let parts = [
      (created, counted(created, "G") + " created"), (exited, Quantity.grouped(exited) + " done"),
      (starts, counted(starts, "run") + " begun"), (steals, counted(steals, "steal")),
      (overflows, counted(overflows, "LRQ") + " spilled"),
      (preemptions, counted(preemptions, "G") + " preempted"),
      (calls, counted(calls, "system call") + " that may block"),
      (polls, counted(polls, "poll") + " that found something"),
    ].filter { $0.0 > 0 }.map(\.1)
    guard !parts.isEmpty else { return "In the last \(reach) nothing happened." }
    return "In the last \(reach): " + parts.joined(separator: ", ") + "."
  }
}
