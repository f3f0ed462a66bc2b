// What a person may ask about, and the answer: `x` on anything.
import History
import Host
import Observed

/// What is to be explained.
public enum Subject: Sendable, Hashable {
  /// The scheduler as a whole: what goes on, and where to look.
  case scheduler
  case g(UInt64)
  case p(Int)
  case m(Int)
  /// All that a P steals from the others.
  case thief(Int)
  /// A descriptor, and the G that waits for it.
  case descriptor(Int, g: UInt64)
  /// What a P or an M did from one moment to another, in nanoseconds.
  case slice(Lane, from: UInt64, to: UInt64)
  case latency(SpanKind)
  /// An event by its place among all records of its lane, and its time in nanoseconds.
  case event(Lane, position: UInt64, time: UInt64)
  case ring(Lane)

  /// `P1`, `G42`: what an answer is called.
  public var name: String {
    switch self {
    case .scheduler: "The scheduler"
    case .g(let id): "G\(id)"
    case .p(let id): "P\(id)"
    case .m(let id): "M\(id)"
    case .thief(let id): "Steals by P\(id)"
    case .descriptor(let fd, _): "fd \(fd)"
    case .slice(let lane, _, _): "A stretch of \(lane.name)"
    case .latency(let kind): kind.title
    case .event: "An event"
    case .ring(let lane): "The ring of \(lane.name)"
    }
  }
}

extension SpanKind {
  /// `Ready until run`: what is measured.
  package var title: String {
    switch self {
    case .runQueue: "Ready until run"
    case .netpoll: "Found ready until run"
    case .slice: "In one go on a P"
    case .syscall: "In a system call"
    }
  }
}

/// The answer: lines of text of any length. All times and counts in it are those of events and gauges.
public struct Explanation: Sendable, Equatable {
  public enum Role: Sendable {
    /// What it is and does.
    case head
    /// What happened, and to whom.
    case text
    /// The line that matters most of those around it.
    case mark
    /// What is to blame.
    case why
    /// The rule behind it.
    case rule
    /// Where to look next.
    case hint
  }

  public struct Line: Sendable, Equatable {
    public var role: Role
    public var text: String
    public init(_ role: Role, _ text: String) { (self.role, self.text) = (role, text) }
  }

  public var subject: Subject
  public var lines: [Line]

  public init(_ subject: Subject, _ lines: [Line] = []) { (self.subject, self.lines) = (subject, lines) }

  package mutating func add(_ role: Role, _ text: String) { lines.append(Line(role, text)) }
}
