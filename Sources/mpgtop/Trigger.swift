// Conditions on a target: `grq>1000`, `runnable_age>100ms`, `lost>0`.
import ArgumentParser
import Inspector

/// A condition: a gauge, a comparison and a limit. A recording stops when the condition holds.
struct Trigger {
  enum Gauge: String, CaseIterable {
    /// `grq`: the depth of the GRQ. `runnable`, `parked`, `live`: numbers of Gs. `threads`: the number of Ms.
    /// `runnableAge`: the nanoseconds that the longest runnable G has waited. `lost`: the number of events
    /// lost since the recorder attached.
    case grq, runnable, parked, live, threads
    case runnableAge = "runnable_age"
    case lost
  }

  private enum Relation: String, CaseIterable {
    case atLeast = ">="
    case atMost = "<="
    case above = ">"
    case below = "<"
  }

  let gauge: Gauge
  private let relation: Relation
  private let limit: UInt64
  /// The condition as the user wrote it.
  let text: String

  /// The examples stand in quotes, since a shell would interpret `>` as a redirection.
  static let examples = "--when 'grq>1000', --when 'runnable_age>100ms'"
  static let gauges = Gauge.allCases.map(\.rawValue).joined(separator: ", ")

  /// - Throws: an error whose text names the wrong part of the condition.
  static func parse(_ text: String) throws -> Trigger {
    let words = text.filter { $0 != " " }
    guard let sign = words.firstIndex(where: { $0 == ">" || $0 == "<" }),
      let relation = Relation.allCases.first(where: { words[sign...].hasPrefix($0.rawValue) })
    else {
      throw ValidationError("it lacks > or < and a number, and wants quotes in a shell, such as \(examples)")
    }
    let (name, value) = (words[..<sign], words[sign...].dropFirst(relation.rawValue.count))
    guard let gauge = Gauge(rawValue: String(name)) else {
      throw ValidationError("'\(name)' is none of \(gauges), such as \(examples)")
    }
    let isTime = gauge == .runnableAge
    guard let limit = isTime ? TimeSpan(argument: String(value))?.nanoseconds : UInt64(value) else {
      throw ValidationError("'\(value)' is no \(isTime ? "time" : "number"), such as \(examples)")
    }
    return Trigger(gauge: gauge, relation: relation, limit: limit, text: text)
  }

  /// Whether the condition holds in the sampler's last snapshot.
  func holds(_ snapshot: Snapshot, oldestRunnable: UInt64?) -> Bool {
    let isAbove = relation == .above || relation == .atLeast
    let value: UInt64?
    switch gauge {
    case .grq: value = (isAbove ? snapshot.grqMax ?? snapshot.grq : snapshot.grq).map { UInt64(clamping: $0) }
    case .runnable: value = UInt64(clamping: snapshot.gs.runnable)
    case .parked: value = UInt64(clamping: snapshot.gs.waiting.values.reduce(0, +))
    case .live: value = UInt64(clamping: snapshot.gs.live)
    case .threads: value = UInt64(snapshot.ms.count)
    case .lost: value = snapshot.trace.lost
    case .runnableAge: value = oldestRunnable.map { snapshot.time - min($0, snapshot.time) } ?? 0
    }
    // A value that is not known meets no condition.
    guard let value else { return false }
    return switch relation {
    case .above: value > limit
    case .atLeast: value >= limit
    case .below: value < limit
    case .atMost: value <= limit
    }
  }
}
