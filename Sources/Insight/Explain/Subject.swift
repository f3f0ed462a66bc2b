// The subjects about which a user may ask, and the answer.
import History
import Host
import Observed

/// The subject of an explanation.
public enum Subject: Sendable, Hashable {
  /// The scheduler as a whole: what goes on in it, and where to look further.
  case scheduler
  /// The G with this id.
  case g(UInt64)
  /// The stack of the G with this id.
  case stack(UInt64)
  /// The P with this id.
  case p(Int)
  /// The M with this id.
  case m(Int)
  /// The steals by the P with this id from other Ps.
  case thief(Int)
  /// A descriptor, and the G that waits for it.
  case descriptor(Int, g: UInt64)
  /// The acts of a P or an M from one moment to another, in nanoseconds.
  case slice(Lane, from: UInt64, to: UInt64)
  /// The latencies of one kind.
  case latency(SpanKind)
  /// An event: its lane, its position among all records of the lane, and its time in nanoseconds.
  case event(Lane, position: UInt64, time: UInt64)
  /// The ring of a lane.
  case ring(Lane)

  /// The title of an answer: `P1`, `G42`.
  public var name: String {
    switch self {
    case .scheduler: "The scheduler"
    case .g(let id): "G\(id)"
    case .stack(let id): "The stack of G\(id)"
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
  /// The thing that is measured, in words: `Ready until run`.
  package var title: String {
    switch self {
    case .runQueue: "Ready until run"
    case .netpoll: "Found ready until run"
    case .slice: "In one go on a P"
    case .syscall: "In a system call"
    }
  }
}

/// An answer: any number of lines of text. All times and counts in the text come from events and gauges.
public struct Explanation: Sendable, Equatable {
  /// The purpose of a line.
  public enum Role: Sendable {
    /// The line says what the explained thing is, and what it does.
    case head
    /// The line says what happened, and to whom.
    case text
    /// Like `text`, but the line matters most of those around it.
    case mark
    /// The line is one call on a stack, of the program's own code or of its language's library.
    case call, libraryCall
    /// The line says what is to blame.
    case why
    /// The line says the scheduler's rule behind what happened.
    case rule
    /// The line says where to look next.
    case hint
  }

  /// One line of an answer. Its text is complete without `seeAlso`. The code that shows the line may add by which
  /// keys a user gets to the subjects of `seeAlso`.
  public struct Line: Sendable, Equatable {
    /// The purpose of the line.
    public var role: Role
    /// The words of the line.
    public var text: String
    /// The subjects to look at next, the most telling one first.
    public var seeAlso: [SeeAlso]
    /// A line with a role, a text, and subjects to look at next.
    public init(_ role: Role, _ text: String, seeAlso: [SeeAlso] = []) {
      (self.role, self.text, self.seeAlso) = (role, text, seeAlso)
    }
  }

  /// The subject that is explained.
  public var subject: Subject
  /// The lines of the answer, in order.
  public var lines: [Line]

  /// Makes an answer with these lines.
  public init(_ subject: Subject, _ lines: [Line] = []) { (self.subject, self.lines) = (subject, lines) }

  /// Adds a line at the end.
  package mutating func add(_ role: Role, _ text: String, seeAlso: [SeeAlso] = []) {
    lines.append(Line(role, text, seeAlso: seeAlso))
  }
}
