// The contents of the queues that are rebuilt from events, held against what happened next.
import Region

@testable import Exports
@testable import History
@testable import Inspector
@testable import Observed

/// Goes through a history, event by event. After each event as many Gs must stand on each queue as the account says. And
/// whoever is named on a queue must start from there, before those behind it.
struct NameTruth {
  /// How many Gs started from an LRQ or a `runnext`, and how many of them had their name there.
  var starts = (all: 0, named: 0)
  /// The same for the Gs that batches put on an LRQ.
  var batched = (all: 0, named: 0)
  var events = 0
  var windows = 0
  /// The first differences, as text.
  var problems: [String] = []
  var count = 0
  /// Gs behind which another one of the same LRQ has started. Thieves must have taken them.
  private var overtaken: [UInt64: Int] = [:]

  private mutating func expect(_ isRight: Bool, _ problem: @autoclosure () -> String) {
    if isRight { return }
    count += 1
    if problems.count < 20 { problems.append(problem()) }
  }

  /// - Parameter skipped: a kind that is hidden from the rebuilt contents; one difference is then enough.
  init(_ history: History, skipping skipped: EventKind? = nil) {
    history.flush()
    let decoder = RecordDecoder()
    var queues: QueueRebuild?
    var window = history.numbers.first.flatMap { Window($0, of: history, decoder) }
    for number in history.numbers {
      if skipped != nil, count > 0 { return }
      guard let here = window, here.number == number else { return }
      window = Window(number + 1, of: history, decoder)
      var model = here.model(after: here.prefix, at: here.start, reasons: history.reasons)
      guard here.isWhole, here.gaps.isEmpty, let account = model.state.account else {
        queues = nil
        continue
      }
      if let queues {
        expect(queues.agrees(with: account), "window \(number) begins with other depths")
      } else {
        (queues, overtaken) = (QueueRebuild(unnamed: account), [:])
      }
      var firsts = BatchStarts(here.events)
      if let next = window { firsts.look(on: next.events[next.prefix...]) }
      windows += 1
      for place in here.prefix..<here.events.count {
        let event = here.events[place]
        model.apply(event.record, on: event.lane)
        guard event.record.kind != skipped, let before = queues else { continue }
        queues?.apply(event.record, on: event.lane, first: firsts[place])
        events += 1
        if let queues { check(event, before, queues, model.state.account) }
        if count > 100 { return }
      }
    }
  }

  private mutating func check(
    _ event: PlacedRecord, _ before: QueueRebuild, _ after: QueueRebuild, _ account: QueueAccount?
  ) {
    let record = event.record
    let name = "\(record.kind.map { "\($0)" } ?? "?") of G\(record.g) on \(event.lane.name), event \(events)"
    if let account {
      expect(after.agrees(with: account), "\(name): other depths than the account")
    }
    switch record.kind {
    case .goStart, .goResume:
      checkStart(event, before, name)
      overtaken[record.g] = nil
      if events % 8 == 0 {
        expect(after.places(of: record.g).isEmpty, "\(name): stands on \(after.places(of: record.g)) too")
      }
    case .steal, .grqTake:
      guard case .p(let p) = event.lane, after.ps.indices.contains(p) else { return }
      let taken = after.ps[p].lrq.elements.suffix(max(0, Int(record.count) - 1))
      batched.all += taken.count
      batched.named += taken.count { $0 != 0 }
      for g in taken { overtaken[g] = nil }
    default: break
    }
  }

  private mutating func checkStart(_ event: PlacedRecord, _ before: QueueRebuild, _ name: String) {
    guard case .p(let p) = event.lane, before.ps.indices.contains(p) else { return }
    let (g, source) = (event.record.g, event.record.runSource)
    guard source == .lrq || source == .runnext || source == .netpoll else { return }
    let line = source == .runnext ? before.ps[p].next : before.ps[p].lrq
    starts.all += 1
    if let place = line.elements.firstIndex(of: g) {
      starts.named += 1
      expect(overtaken[g] != p, "\(name): one behind it had started before")
      if source == .lrq {
        for skipped in line.elements[..<place] where skipped != 0 { overtaken[skipped] = p }
      }
    } else {
      expect(line.elements.contains(0), "\(name): no such G on \(Array(line.elements.prefix(8)))")
      if events % 8 == 0 {
        expect(before.places(of: g).isEmpty, "\(name): was said to be on \(before.places(of: g))")
      }
    }
  }
}

extension QueueRebuild {
  /// The queues on which a G is named.
  func places(of g: UInt64) -> [String] {
    var places: [String] = []
    for (id, p) in ps.enumerated() {
      if p.next.elements.contains(g) { places.append("runnext of P\(id)") }
      if p.lrq.elements.contains(g) { places.append("LRQ of P\(id)") }
    }
    if grq.contents.contains(where: { $0.g == g }) { places.append("GRQ") }
    return places
  }
}
