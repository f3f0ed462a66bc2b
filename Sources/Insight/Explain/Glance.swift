// The first words of an answer: what the gauges of the moment say by themselves. They cost no time, so they
// are shown while the events before the moment are read. The whole answer then says the same and more.
import History
import Observed

extension Explanation {
  /// The first words about a subject, which a frame knows at once, without events. The answer has no lines if
  /// the frame knows nothing of the subject.
  public static func glance(at subject: Subject, in frame: Frame) -> Explanation {
    var words = Explanation(subject)
    for line in Glance(frame: frame).lines(subject) { words.add(.head, line) }
    return words
  }
}

/// Tells what a frame knows about a subject, without events: the first lines of an explanation.
struct Glance {
  let frame: Frame
  private var snapshot: Snapshot { frame.snapshot }
  private var time: UInt64 { frame.past?.time ?? snapshot.time }

  init(frame: Frame) { self.frame = frame }

  /// The lines that say what the frame knows of a subject.
  func lines(_ subject: Subject) -> [String] {
    switch subject {
    case .scheduler: [Self.sum(snapshot.gs)]
    case .g(let id), .stack(let id): g(id).map { [$0] } ?? []
    case .p(let id): snapshot.ps.first { $0.id == id }.map { [words($0)] } ?? []
    case .m(let id): snapshot.ms.first { $0.id == id }.map { [words($0)] } ?? []
    case .thief(let id): [thief(id)]
    case .descriptor(let fd, let g): ["fd \(fd) is a socket that G\(g) waits for."]
    case .slice(let lane, let from, let to): [slice(lane, from, to)]
    case .latency(let kind): latency(kind).map { [$0] } ?? []
    case .event(let lane, let position, _): event(lane, position).map { [$0] } ?? []
    case .ring(let lane): ring(lane).map { [$0] } ?? []
    }
  }

  /// The Gs in numbers: `525 Gs live: 1 run, 18 are ready, 506 wait.`
  static func sum(_ gs: Snapshot.Gs) -> String {
    "\(counted(gs.live, "G")) live: \(gs.running) run, \(Quantity.grouped(gs.runnable)) are ready, "
      + "\(Quantity.grouped(gs.waiting.values.reduce(0, +))) wait"
      + (gs.syscall > 0 ? ", \(gs.syscall) in system calls" : "")
      + (gs.preempted > 0 ? ", \(gs.preempted) preempted" : "") + "."
  }

  private func words(_ p: Snapshot.P) -> String {
    let m = p.m.map { "M\($0)" } ?? "no M"
    switch p.status {
    case .idle: return "P\(p.id) is idle: no M holds it."
    case .running:
      guard let g = p.g else { return "P\(p.id) is held by \(m), which is between two Gs." }
      return "P\(p.id) runs G\(g)\(p.entry.map { " (\($0))" } ?? "") on \(m)."
    case .spinning: return "P\(p.id) has nothing to run, and its \(m) searches for work."
    case .syscall: return "P\(p.id) is with \(m), which is in a system call."
    case .stopped: return "P\(p.id) is stopped: it is beyond the number of procs."
    }
  }

  private func words(_ m: Snapshot.M) -> String {
    let holds = m.p.map { ", with P\($0)" } ?? ""
    return "\(m.named) is \(m.state)\(holds)" + (m.g.map { ", and has G\($0)" } ?? "") + "."
  }

  private func g(_ id: UInt64) -> String? {
    guard let g = (frame.detail.goroutines ?? frame.past?.goroutines)?.all.first(where: { $0.id == id })
    else {
      return snapshot.ps.first { $0.g == id }.map { "G\(id) runs on P\($0.id)." }
    }
    let age = g.since.map { TimeText.short(time - min(time, $0)) }
    let since = age.map { ", since \(g.isOlder ? "at least " : "")\($0)" } ?? ""
    let what = g.state == .waiting ? "waits for \(g.words ?? g.reason.told)" : "is \(g.state)"
    return "G\(id) \(what)\(since)." + (g.entry.map { " It was spawned by \($0)." } ?? "")
  }

  private func thief(_ id: Int) -> String {
    guard let matrix = frame.instruments?.steals ?? snapshot.steals else {
      return "Who steals from whom is not known."
    }
    let (tries, hits) = (matrix.tries(by: id), matrix.hits(by: id))
    guard let tries else { return "P\(id) stole \(counted(hits, "time")) since boot." }
    return
      "P\(id) looked \(counted(tries, "time")) at the queues of others since boot; \(hits) looks found something."
  }

  private func slice(_ lane: Lane, _ from: UInt64, _ to: UInt64) -> String {
    "\(lane.name) from \(TimeText.short(time - min(time, from))) to \(TimeText.short(time - min(time, to))) before this moment."
  }

  private func latency(_ kind: SpanKind) -> String? {
    guard let instruments = frame.instruments, instruments.hasEvents else { return nil }
    let spans = instruments.recent.spans[kind]
    let within = TimeText.short(instruments.recentTime)
    guard spans.count > 0 else { return "\(kind.title): not once in the last \(within)." }
    return "\(kind.title), \(Quantity.times(spans.count)) in the last \(within); the longest "
      + "\(TimeText.short(spans.longest))."
  }

  private func event(_ lane: Lane, _ position: UInt64) -> String? {
    frame.detail.events?.events.last { $0.lane == lane && $0.position == position }
      .map { "\($0.text): \($0.name) on \(lane.name), by M\($0.m)." }
  }

  private func ring(_ lane: Lane) -> String? {
    snapshot.trace.rings?.first { $0.lane == lane }.map {
      "The ring of \(lane.name) holds the last \($0.capacity) of \($0.events) records written."
    }
  }
}
