// Conditions on a target: `grq>1000`, `runnable_age>100ms`, `lost>0`.
import ArgumentParser
import Inspector

/// A gauge, and a limit that it must not cross.
struct Trigger: ExpressibleByArgument {
  enum Gauge: String, CaseIterable {
    /// Depth of the GRQ; Gs that are runnable, parked, live; threads; nanoseconds that the longest runnable G has
    /// been so; events lost since the recorder came.
    case grq, runnable, parked, live, threads
    case runnableAge = "runnable_age"
    case lost
  }

  let gauge: Gauge
  private let isAbove: Bool
  private let limit: UInt64
  /// As it was written.
  let text: String

  init?(argument: String) {
    let words = argument.filter { $0 != " " }
    guard let sign = words.firstIndex(where: { $0 == ">" || $0 == "<" }) else { return nil }
    guard let gauge = Gauge(rawValue: String(words[..<sign])) else { return nil }
    let value = String(words[words.index(after: sign)...])
    if gauge == .runnableAge {
      guard let span = TimeSpan(argument: value) else { return nil }
      limit = span.nanoseconds
    } else {
      guard let number = UInt64(value) else { return nil }
      limit = number
    }
    (self.gauge, isAbove, text) = (gauge, words[sign] == ">", argument)
  }

  /// Whether the condition holds in what a sampler saw last.
  func holds(_ snapshot: Snapshot, oldestRunnable: UInt64?) -> Bool {
    let value: UInt64
    switch gauge {
    case .grq: value = UInt64(clamping: isAbove ? snapshot.grqMax : snapshot.grq)
    case .runnable: value = UInt64(clamping: snapshot.gs.runnable)
    case .parked: value = UInt64(clamping: snapshot.gs.waiting.values.reduce(0, +))
    case .live: value = UInt64(clamping: snapshot.gs.live)
    case .threads: value = UInt64(snapshot.ms.count)
    case .lost: value = snapshot.trace.lost
    case .runnableAge: value = oldestRunnable.map { snapshot.time - min($0, snapshot.time) } ?? 0
    }
    return isAbove ? value > limit : value < limit
  }
}
