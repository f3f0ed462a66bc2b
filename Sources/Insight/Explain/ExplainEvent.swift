// An event in words: what it is, what led to it, and what it led to.
//
// A cause is looked for where the scheduler's protocol puts it: what a G does follows from what it did last,
// a thread that takes a P was woken, a P is taken from a thread that entered a system call. If there is no
// such rule, the answer names the event before and the event after on the same lane (of one P, or of one M).
import History
import Observed
import Region

extension Explainer {
  func explainEvent(_ lane: Lane, _ position: UInt64, _ time: UInt64, _ answer: inout Explanation) {
    var evidence = evidence
    var index = evidence.events.lastIndex { $0.lane == lane && $0.position == position }
    if index == nil {
      // This evidence does not reach back to the event. So collect evidence around the event itself.
      var there = player
      there.seek(to: time)
      evidence = Evidence(there)
      index = evidence.events.lastIndex { $0.lane == lane && $0.position == position }
    }
    guard let index else { return answer.add(.head, "The history does not have this event any more.") }
    let record = evidence.events[index].record
    EventStory(evidence, index).tell(&answer, before: ago(record.time))
    if record.kind == .goStart || record.kind == .goResume {
      var there = player
      there.seek(to: time)
      answer.add(.hint, "What it had waited for, hop by hop:")
      _ = addChain(of: record.g, there, to: &answer)
    }
  }
}

/// One event, explained: its meaning, its cause and its consequence among the other events.
struct EventStory {
  private let evidence: Evidence
  private let events: [PlacedRecord]
  private let index: Int
  private let event: PlacedRecord
  private var record: Record { event.record }

  init(_ evidence: Evidence, _ index: Int) {
    (self.evidence, events, self.index, event) = (evidence, evidence.events, index, evidence.events[index])
  }

  /// Adds to an answer what the event is, what led to it and what it led to.
  ///
  /// - Parameter ago: how long ago the event was, as text.
  func tell(_ answer: inout Explanation, before ago: String) {
    let plain = evidence.event(event)
    answer.add(.head, "\(plain.text): \(plain.name) on \(event.lane.name), by M\(record.m), \(ago).")
    if record.g > 0, let entry = evidence.entry(record.g) {
      let work = evidence.label(record.g).map { "; it works for \($0)" } ?? ""
      answer.add(.text, "G\(record.g) was spawned by \(entry)\(work).")
    }
    if let cause {
      answer.add(
        .text, "Before it: \(text(of: cause)), \(evidence.span(cause.record.time, record.time)) earlier.")
    } else {
      answer.add(.text, "Nothing that led to it is among the events before.")
    }
    if let consequence {
      answer.add(
        .text,
        "It led to: \(text(of: consequence)), \(evidence.span(record.time, consequence.record.time)) later.")
    } else {
      answer.add(.text, "Up to this moment nothing has followed from it.")
    }
    answer.add(
      .rule,
      plain.kind?.explanation(evidence.rules)
        ?? "A newer runtime wrote it; this mpgtop does not know the kind.")
  }

  private func text(of placed: PlacedRecord) -> String {
    "\(evidence.event(placed).text) (\(placed.lane.name), M\(placed.record.m))"
  }

  // MARK: causes

  private var handing: Handing { Handing(events: events) }

  private func before(_ isIt: (PlacedRecord) -> Bool) -> PlacedRecord? { events[..<index].last(where: isIt) }
  private func after(_ isIt: (PlacedRecord) -> Bool) -> PlacedRecord? {
    events[(index + 1)...].first(where: isIt)
  }

  /// The event that led to this one; nil: none of the events before did.
  var cause: PlacedRecord? {
    let (m, p) = (record.m, UInt64(record.count))
    switch record.kind {
    case .procStart:
      return handing.waker(ofStart: index) ?? handing.giver(ofStart: index)
    case .mStart: return handing.waker(ofStart: index)
    case .goCreate: return before { $0.record.g == record.arg & Place.gMask && $0.record.g > 0 }
    case .steal: return before { $0.record.kind == .mSpin && $0.record.m == m }
    case .mUnspin: return before { $0.record.m == m && [.mSpin, .steal, .procStop].contains($0.record.kind) }
    case .retake: return before { $0.record.kind == .goSyscall && UInt64($0.record.m) == record.arg }
    case .preemptRequest:
      return before { $0.lane == .p(Int(p)) && [.goStart, .goResume].contains($0.record.kind) }
    case .goPreempt: return before { $0.record.kind == .preemptRequest && $0.record.arg == UInt64(m) }
    case .netpoll: return before { $0.lane == event.lane && $0.record.kind == .goReady }
    case .gcEnd: return before { $0.record.kind == .gcStart }
    default: break
    }
    if record.g > 0 { return before { $0.record.g == record.g && Self.leads($0) } }
    return before { $0.lane == event.lane && Self.leads($0) }
  }

  /// The event that this one led to; nil: none has followed yet.
  var consequence: PlacedRecord? {
    let lane = event.lane
    switch record.kind {
    case .mWake: return handing.run(after: index)
    case .steal, .grqTake: return after { $0.lane == lane && $0.record.kind == .goStart }
    case .retake: return after { $0.lane == .p(Int(record.count)) && $0.record.kind == .procStart }
    case .preemptRequest:
      // The G may stop by itself before sysmon's request takes effect. Then the request had no consequence.
      let stops: [EventKind] = [.goPreempt, .goPark, .goYield, .goExit, .goSyscall, .goLabel]
      let next = after { event in
        UInt64(event.record.m) == record.arg && event.record.kind.map(stops.contains) ?? false
      }
      return next?.record.kind == .goPreempt ? next : nil
    case .mSpin: return after { $0.record.m == record.m }
    case .mPark: return after { $0.record.kind == .mWake && $0.record.count == UInt32(record.m) }
    case .netpoll:
      guard record.count > 0, let g = cause?.record.g else { return nil }
      return after { $0.record.g == g }
    case .gcStart: return after { $0.record.kind == .gcEnd }
    case .goExit: return after { $0.lane == lane }
    default: break
    }
    if record.g > 0 { return after { $0.record.g == record.g && Self.leads($0) } }
    return after { $0.lane == lane && Self.leads($0) }
  }

  /// Whether an event may be a cause or a consequence: what a trace only tells leads to nothing.
  private static func leads(_ event: PlacedRecord) -> Bool { event.record.kind?.isOfTraces != true }
}
