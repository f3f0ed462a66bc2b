// Keeps the last events, to show what happened during a wait that was too long.
import Inspector
import Region

struct Evidence {
  struct Item {
    let time: UInt64
    let lane: Lane
    let record: Record
  }

  private static let kept = 1 << 19
  /// The most events of the G itself that are printed.
  private static let own = 16

  private var items: [Item] = []

  mutating func keep(_ item: Item) {
    if items.count >= 2 * Self.kept { items.removeFirst(Self.kept) }
    items.append(item)
  }

  /// The lines to print about a wait: the events of its G, and for each lane how many events of each kind it wrote meanwhile.
  func lines(about wait: Wait, _ judge: Judge) -> [String] {
    let during = items.filter { $0.time + 1_000_000 >= wait.start && $0.time <= wait.end + 1_000_000 }
    let mine = during.filter { $0.record.g == wait.g && wait.g != 0 }
    var lines = mine.suffix(Self.own).map { item in
      let from = Int64(item.time) - Int64(wait.start)
      return "    \(from / 1000) µs: \(item.lane.name) \(kind(item.record)) \(detail(item.record))"
    }
    if mine.count > Self.own { lines.insert("    \(mine.count - Self.own) more of its events before", at: 0) }
    let lanes = Dictionary(grouping: during) { $0.lane.name }
    for (lane, items) in lanes.sorted(by: { $0.key < $1.key }) {
      var counts: [String: Int] = [:]
      for item in items { counts[what(item.record, judge), default: 0] += 1 }
      let most = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(8)
      lines.append("    \(lane): " + most.map { "\($0.value) × \($0.key)" }.joined(separator: ", "))
    }
    return lines
  }

  private func what(_ record: Record, _ judge: Judge) -> String {
    switch record.kind {
    case .goStart, .goResume: "\(kind(record)) of \(judge.name(of: record.g))"
    default: kind(record)
    }
  }

  private func kind(_ record: Record) -> String { record.kind.map { "\($0)" } ?? "?" }

  private func detail(_ record: Record) -> String {
    switch record.kind {
    case .goStart, .goResume: record.runSource.map { "from \($0)" } ?? ""
    case .goReady, .goCreate, .goYield, .goPreempt, .goSyscallExit:
      "onto \(record.place.queue.map { "\($0)" } ?? "?"), \(record.place.depth) before"
    default: ""
    }
  }
}
