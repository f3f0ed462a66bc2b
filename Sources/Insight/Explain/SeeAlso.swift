// The subjects at which an explanation suggests to look next. The way to them is not named here, because only
// the code that shows the explanation knows that. The dashboard adds the keys that lead to the subject; a plain
// text has no keys and leaves the subjects out.
import Observed
import Region

/// A subject worth a look. A value, which any thread may use.
public enum SeeAlso: Sendable, Hashable {
  /// All Ps with their queues.
  case ps
  /// All Ms with the time that they spent.
  case ms
  /// The steals, by the P that stole and the P from which it stole.
  case steals
  /// Gs by the socket that each waits for.
  case sockets
  /// The activities of each P, over time.
  case timeline
  /// The preemptions, one by one.
  case preemptions
  /// The longest span of a kind, and what is to blame for it.
  case longest(SpanKind)
  /// All Gs that wait for the same reason.
  case gs(waitingFor: WaitReason)
  /// All Gs in groups, by the reason for which they wait.
  case gsByReason
  /// All Gs in groups, by the place where they were spawned.
  case gsBySpawnSite
  /// The wait of any one of the Gs that the subject before this one lists.
  case waitOfOne

  /// The subject as words that complete "this shows …": `Gs that were preempted`.
  public var words: String {
    switch self {
    case .ps: "each P and its queue"
    case .ms: "each M, and where its time went"
    case .steals: "who steals from whom"
    case .sockets: "Gs by the socket that they wait for"
    case .timeline: "what each P did, moment by moment"
    case .preemptions: "Gs that were preempted"
    case .longest(.runQueue): "the longest wait of a ready G"
    case .longest(.netpoll): "the longest wait of a G whose socket was ready"
    case .longest(.slice): "the longest time that a G kept a P"
    case .longest(.syscall): "the longest system call"
    case .gs(let reason): "Gs that wait for \(reason)"
    case .gsByReason: "Gs by what they wait for"
    case .gsBySpawnSite: "Gs by where they were spawned"
    case .waitOfOne: "why that G waits, and what ends its wait"
    }
  }
}
