// A lane: the ring of one P or of one M, in which events come in the order of time.

/// Whose ring a record comes from.
public enum Lane: Sendable, Hashable {
  case p(Int)
  case m(Int)
}

extension Lane {
  /// A number that no other lane has: even for Ps, odd for Ms. The same in recordings.
  package var number: Int {
    switch self {
    case .p(let id): id << 1
    case .m(let id): id << 1 | 1
    }
  }

  package init(number: Int) { self = number & 1 == 0 ? .p(number >> 1) : .m(number >> 1) }

  /// Lanes with higher numbers than this are not believed.
  package static let highest = 1 << 18

  /// `P3`, `M12`.
  public var name: String {
    switch self {
    case .p(let id): "P\(id)"
    case .m(let id): "M\(id)"
    }
  }
}

extension Lane {
  /// Ps before Ms, each by its number.
  package var order: Int {
    switch self {
    case .p(let id): id
    case .m(let id): id + Self.highest
    }
  }
}
