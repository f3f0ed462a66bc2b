// What a Go trace tells of a G beside its moves: its label, the lines that it logged, and where the CPU profiler found it.
import History
import Observed

extension Explainer {
  /// No more lines that a G logged are told than this.
  private static let mostLogs = 5

  /// Adds what is known of the G's label, its log and its samples; nothing for a history that has none of them.
  func tellNotes(_ id: UInt64, _ answer: inout Explanation) {
    if let label = player.stacks(of: .some([id]))?.labels[id] { answer.add(.text, "Its label: \(label).") }
    let own = evidence.events.filter { $0.record.g == id }
    for log in own.filter({ $0.record.kind == .log }).suffix(Self.mostLogs) {
      answer.add(.text, "\(evidence.event(log).text), \(TimeText.short(evidence.ago(log.record.time))) ago.")
    }
    tellSamples(own.filter { $0.record.kind == .cpuSample }, &answer)
  }

  private func tellSamples(_ samples: [PlacedRecord], _ answer: inout Explanation) {
    guard !samples.isEmpty else { return }
    let counts = samples.reduce(into: [UInt32: Int]()) { $0[$1.record.count, default: 0] += 1 }
    guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
    let place = evidence.names.string(UInt64(most.key)) ?? "a function that is not known"
    let share = counts.count == 1 ? "all" : "\(most.value)"
    let often = "\(Quantity.times(samples.count)) in the last \(evidence.reachText)"
    answer.add(.text, "The CPU profiler found it running \(often), \(share) in \(place).")
  }
}
