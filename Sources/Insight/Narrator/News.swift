// News: a thing that happened in the scheduler, as a value and as a sentence.
import Observed
import Region

/// A thing that happened lately and is worth a line, in words.
public struct News: Sendable, Equatable {
  /// The kind of the thing.
  public enum Kind: Int, Sendable, CaseIterable {
    /// A full queue gave a part of its Gs to the GRQ.
    case overflow
    /// A P without work took Gs from another P.
    case steal
    /// A G that did not give way was stopped.
    case preemption
    /// The P of a thread in a system call went to another thread.
    case handOff
    /// A request took long.
    case slowRequest
    /// Many more Gs wait for sockets than there are threads.
    case crowd
  }

  /// The kind of the thing.
  public var kind: Kind
  /// The sentence.
  public var text: String
  /// When the thing was found worth a line, in nanoseconds of the machine's monotonic clock.
  public var time: UInt64

  /// Makes news of a thing of this kind.
  public init(kind: Kind, text: String, time: UInt64) {
    (self.kind, self.text, self.time) = (kind, text, time)
  }
}

/// A thing that happened, with its numbers.
enum Happening: Equatable {
  case overflow(p: Int, gs: Int)
  case steal(p: Int, from: Int, gs: Int)
  /// `slice`: how long the G ran, in nanoseconds. `label`: the request for which the G works, as a string id.
  case preemption(g: UInt64, slice: UInt64, label: UInt64?)
  case handOff(p: Int, from: Int, to: Int)
  case slowRequest(SlowRequest)
  case crowd(waiting: Int, threads: Int)

  var kind: News.Kind {
    switch self {
    case .overflow: .overflow
    case .steal: .steal
    case .preemption: .preemption
    case .handOff: .handOff
    case .slowRequest: .slowRequest
    case .crowd: .crowd
    }
  }

  /// How much the thing weighs in comparison with others of its kind.
  var weight: UInt64 {
    switch self {
    case .overflow(_, let gs), .steal(_, _, let gs): UInt64(clamping: gs)
    case .preemption(_, let slice, _): slice
    case .handOff: 0
    case .slowRequest(let request): request.lasted
    case .crowd(let waiting, _): UInt64(clamping: waiting)
    }
  }

  /// The sentence.
  func text(_ names: StringBook) -> String {
    switch self {
    case .overflow(let p, let gs):
      return "P\(p)'s LRQ was full: \(counted(UInt64(gs), "G")) went to the GRQ, where any P may take them"
    case .steal(let p, let victim, let gs):
      return "P\(p) had no work: it stole \(counted(UInt64(gs), "G")), half of P\(victim)'s LRQ"
    case .preemption(let g, let slice, let label):
      let request = label.flatMap(names.string).map { " (\($0))" } ?? ""
      return "G\(g)\(request) ran for \(TimeText.short(slice)) and did not give way: it was preempted"
    case .handOff(let p, let from, let to):
      return "M\(from) slept in a system call: sysmon took its P\(p), and M\(to) goes on with it"
    case .slowRequest(let request): return request.text(names)
    case .crowd(let waiting, let threads):
      return
        "\(Quantity.grouped(waiting)) Gs each wait for a connection, on \(counted(UInt64(threads), "thread")): a parked G "
        + "holds none"
    }
  }
}
