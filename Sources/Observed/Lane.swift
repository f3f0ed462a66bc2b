// A lane: the ring of one P, or of one M while it has no P. A lane's events are in the order of time.

/// The owner of the ring from which a record comes.
public enum Lane: Sendable, Hashable {
  /// The P with this id.
  case p(Int)
  /// The M with this id. It writes into its own ring while it holds no P.
  case m(Int)
}

extension Lane {
  /// The P's id; nil: the lane is an M's.
  package var p: Int? { if case .p(let id) = self { id } else { nil } }

  /// A number that no other lane has: even for Ps, odd for Ms. Recordings use the same numbers.
  package var number: Int {
    switch self {
    case .p(let id): id << 1
    case .m(let id): id << 1 | 1
    }
  }

  package init(number: Int) { self = number & 1 == 0 ? .p(number >> 1) : .m(number >> 1) }

  /// A lane with a higher number than this counts as damaged.
  package static let highest = 1 << 18

  /// The lane's name for people: `P3`, `M12`.
  public var name: String {
    switch self {
    case .p(let id): "P\(id)"
    case .m(let id): "M\(id)"
    }
  }
}

extension Lane {
  /// A key to sort lanes by: Ps before Ms, each by id.
  package var order: Int {
    switch self {
    case .p(let id): id
    case .m(let id): id + Self.highest
    }
  }
}
