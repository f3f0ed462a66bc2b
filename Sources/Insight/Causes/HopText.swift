// Turns hops into words.
import History
import Observed

extension Hop {
  /// The hop in one line, with what ended it: `on P3's LRQ at depth 17, until P1 stole it`.
  package func words(reason: String, name: (UInt64) -> String) -> String {
    let who = by.map(name) ?? "another G"
    let what: String =
      switch kind {
      case .waiting:
        (reason == "none" ? "parked, for what is not told" : "parked for \(reason)")
          + (fd.map { ", fd \($0)" } ?? "")
      case .late: "parked still, though it may have been there, or was due"
      case .syscall: "in a system call, on M\(m ?? 0)"
      case .runnext: "next on P\(p ?? 0)" + depthWords
      case .lrq: "on P\(p ?? 0)'s LRQ" + depthWords
      case .grq: "on the GRQ" + depthWords
      case .waking: "M\(m ?? 0) was woken, and came to run"
      case .searching: "M\(m ?? 0) searched"
      case .starting: "P\(p ?? 0) had it"
      case .unknown: "runnable; where is not known"
      }
    return what + ending(who)
  }

  private var depthWords: String {
    guard let depth else { return "" }
    return kind == .runnext ? ", \(depth) on its LRQ" : " at depth \(depth)"
  }

  private func ending(_ who: String) -> String {
    switch ending {
    case .readied: by == nil ? "" : ", until \(who) made it ready"
    case .fired: ", until a timer fired"
    case .polled: ", until a poll found it ready"
    case .returned: ", until it came back"
    case .displaced: ", until \(who) was put in its place"
    case .spilled: ", until it was spilled to the GRQ"
    case .taken: ", until P\(taker ?? 0) took it"
    case .stolen: ", until P\(taker ?? 0) stole it"
    case .woken: kind == .waking ? "" : ", until a thread was woken"
    case .ran, .unknown: ""
    case .lasting: kind == .waiting || kind == .syscall ? "" : ", and is still"
    }
  }
}
