// Explains rows of numbers: steals, latencies, rings.
import History
import Observed
import Region

extension Explainer {
  // MARK: steals

  func explainThief(_ id: Int, _ answer: inout Explanation) {
    guard let matrix = snapshot.steals else {
      return answer.add(.head, "Who steals from whom is not known.")
    }
    let pairs = matrix.pairs.filter { $0.thief == id && $0.tries != 0 }
    let (tries, hits) = (matrix.tries(by: id), matrix.hits(by: id))
    let gs = pairs.reduce(0) { $0 &+ $1.gs }
    guard tries != 0 else {
      answer.add(
        .head,
        "P\(id) has not looked at the queues of others since boot: it always had work, or there was none.")
      return answer.add(.rule, Rules.steal)
    }
    answer.add(
      .head,
      tries.map {
        "P\(id) looked \(counted($0, "time")) at the queues of others since boot; \(hits) looks found something, \(gs) Gs in all."
      } ?? "P\(id) stole \(counted(hits, "time")) since boot, \(gs) Gs in all."
    )
    let last = lastSteals(by: id)
    for pair in pairs.sorted(by: { ($0.hits, $1.victim) > ($1.hits, $0.victim) }).prefix(16) {
      let recent = last[pair.victim].map {
        "; the last \(ago($0.record.time)): \($0.record.detail == 1 ? "its next G" : "\($0.record.count) Gs")"
      }
      answer.add(
        .text,
        "from P\(pair.victim): \(counted(pair.hits, "steal")) of \(counted(pair.gs, "G"))\(pair.tries.map { " in \(counted($0, "look"))" } ?? "")\(recent ?? "")"
      )
    }
    if last.isEmpty {
      answer.add(.text, "No steal of its is among the events of the last \(evidence.reachText).")
    }
    if let newest = last.values.max(by: { $0.record.time < $1.record.time }) {
      answer.add(.text, "What led to the last one, and what it led to:")
      let acts = Story(of: .p(id), evidence).acts
      let place = acts.lastIndex { $0.begin <= newest.record.time } ?? 0
      add(Array(acts[max(0, place - 3)..<min(acts.count, place + 3)]), most: 6, to: &answer)
    }
    answer.add(.rule, Rules.steal)
  }

  /// The last steal of a P from each victim, by the victim's id.
  private func lastSteals(by thief: Int) -> [Int: PlacedRecord] {
    var last: [Int: PlacedRecord] = [:]
    for event in evidence.events where event.record.kind == .steal && event.lane == .p(thief) {
      last[Int(clamping: event.record.arg)] = event
    }
    return last
  }

  // MARK: latencies

  func explainLatency(_ kind: SpanKind, _ answer: inout Explanation) {
    if let instruments, instruments.recent.spans[kind].count > 0 {
      let spans = instruments.recent.spans[kind]
      answer.add(
        .head,
        "\(kind.title), \(Quantity.times(spans.count)) in the last \(TimeText.short(instruments.recentTime))."
      )
      answer.add(
        .text,
        "Half of them took no more than \(TimeText.short(spans.percentile(50))), 99 of 100 no more than "
          + "\(TimeText.short(spans.percentile(99))), the longest \(TimeText.short(spans.longest)).")
    } else {
      answer.add(.head, "\(kind.title): not once in the last seconds.")
    }
    if let slowest = slowest(kind) {
      answer.add(
        .text,
        "The longest among the events of the last \(evidence.reachText): \(evidence.name(slowest.event.record.g)), "
          + "\(TimeText.short(evidence.clock.nanoseconds(lasting: slowest.ticks))), and it was over \(ago(slowest.event.record.time)), "
          + "on \(slowest.event.lane.name).")
      if kind == .runQueue || kind == .netpoll {
        var there = player
        there.seek(to: evidence.clock.nanoseconds(at: slowest.event.record.time))
        _ = addChain(of: slowest.event.record.g, there, to: &answer)
      }
    }
    answer.add(.rule, evidence.rules.latency(kind))
  }

  /// Returns the longest span of a kind among the events: the event that ends it, and its length. nil: none
  /// was found.
  private func slowest(_ kind: SpanKind) -> (event: PlacedRecord, ticks: UInt64)? {
    var (best, starts) = (nil as (event: PlacedRecord, ticks: UInt64)?, [UInt64: UInt64]())
    // A span that began before these events ranks last, because what led to it is not among them.
    func rank(_ event: PlacedRecord, _ ticks: UInt64) -> (Int, UInt64) {
      (event.record.time >= evidence.from &+ ticks ? 1 : 0, ticks)
    }
    func offer(_ event: PlacedRecord, _ ticks: UInt64) {
      guard ticks > 0, best.map({ rank($0.event, $0.ticks) < rank(event, ticks) }) ?? true else { return }
      best = (event, ticks)
    }
    for event in evidence.events {
      let record = event.record
      switch (kind, record.kind) {
      case (.runQueue, .goStart): offer(event, record.arg)
      case (.netpoll, .goStart):
        let reason = evidence.reasons[Int(record.detail >> 4)]
        if reason?.group == .netpoll { offer(event, record.arg) }
      case (.syscall, .goSyscallExit):
        offer(event, record.arg & Place.gMask)
      case (.slice, .goStart), (.slice, .goResume):
        if starts.count < 1 << 18 { starts[record.g] = record.time }
      case (.slice, .goPark), (.slice, .goYield), (.slice, .goExit), (.slice, .goPreempt),
        (.slice, .goSyscall):
        if let start = starts.removeValue(forKey: record.g), record.time > start {
          offer(event, record.time - start)
        }
      default: break
      }
    }
    return best
  }

  // MARK: rings

  func explainRing(_ lane: Lane, _ answer: inout Explanation) {
    guard let ring = snapshot.trace.rings?.first(where: { $0.lane == lane }) else {
      return answer.add(.head, "\(lane.name) has no ring at this moment.")
    }
    answer.add(
      .head, "The ring of \(lane.name) holds the last \(ring.capacity) of \(ring.events) records written.")
    answer.add(
      .text,
      ring.lost == 0
        ? "Since mpgtop attached it has read all of them, and lost none."
        : "\(ring.lost) of them were overwritten before mpgtop could read them.")
    let (own, from) = recent(of: lane)
    if own > 0, from > 0 {
      let rate = Double(own) * 1e9 / Double(from)
      let round = UInt64(exactly: (Double(ring.capacity) / rate * 1e9).rounded()) ?? 0
      answer.add(
        .text,
        "\(counted(own, "event")) of the last \(TimeText.short(from)) came from it; at that pace it is overwritten in "
          + "\(TimeText.short(round)).")
    } else {
      answer.add(.text, "No event of the last \(evidence.reachText) came from it.")
    }
    answer.add(.rule, Rules.ring)
  }

  /// The number of events of a lane in the last second, or in the time of the evidence if that is shorter;
  /// and the length of that time, in nanoseconds.
  private func recent(of lane: Lane) -> (Int, UInt64) {
    let second = evidence.clock.ticks(at: evidence.clock.nanoseconds(at: evidence.ticks) &- 1_000_000_000)
    let start = max(second, evidence.from)
    return (evidence.events.count { $0.lane == lane && $0.record.time > start }, evidence.ago(start))
  }
}
