// Lanes by number and by name.

extension Lane {
  /// A number that no other lane has: even for Ps, odd for Ms. The same in recordings.
  var number: Int {
    switch self {
    case .p(let id): id << 1
    case .m(let id): id << 1 | 1
    }
  }

  init(number: Int) { self = number & 1 == 0 ? .p(number >> 1) : .m(number >> 1) }

  /// Lanes with higher numbers than this are not believed.
  static let highest = 1 << 18

  /// `P3`, `M12`.
  public var name: String {
    switch self {
    case .p(let id): "P\(id)"
    case .m(let id): "M\(id)"
    }
  }
}
