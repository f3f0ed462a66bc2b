// Words for facts that a source may not know. If a fact is not known, the sentence leaves it out.
import Observed

extension Snapshot.M {
  /// The M in words: `M3 (thread 4711)`; only `M3` if the thread's id is not known.
  var named: String { "M\(id)" + (tid.map { " (thread \($0))" } ?? "") }
}

extension StealMatrix {
  /// How often the P with the id `thief` looked at the queues of others; nil: the target does not count this.
  func tries(by thief: Int) -> UInt64? {
    guard tellsTries else { return nil }
    return pairs.reduce(0) { $1.thief == thief ? $0 &+ ($1.tries ?? 0) : $0 }
  }

  /// How often the P with the id `thief` found something on the queue of another.
  func hits(by thief: Int) -> UInt64 { pairs.reduce(0) { $1.thief == thief ? $0 &+ $1.hits : $0 } }
}

extension Snapshot {
  /// Returns how many Gs are ready to run on a P, and how many it has run since boot, as text: `Ready for it:
  /// one as the next, 3 of 256 on its LRQ; …`.
  func queueText(of p: P) -> String {
    let room = ruleNumbers.text(.lrq).map { " of \($0)" } ?? ""
    let next = p.runnext == true ? "one as the next, " : ""
    var parts: [String] = []
    if let lrq = p.lrq { parts.append("Ready for it: \(next)\(lrq)\(room) on its LRQ") }
    if let grq { parts.append((parts.isEmpty ? "Ready for any P" : "for any P") + ": \(grq) on the GRQ") }
    let isUntold = parts.isEmpty
    let queues =
      isUntold ? "How many Gs wait on its LRQ and on the GRQ is not known" : parts.joined(separator: "; ")
    return queues + "." + (p.ticks.map { " It has run \($0) Gs since boot." } ?? "")
  }
}
