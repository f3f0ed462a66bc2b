// Numbers that may not be known: a dash stands in their place, and never a zero.
import Inspector

extension Quantity {
  /// The number in three digits and a unit, or with all its digits; `-` if it is not known.
  static func compact(_ value: Double?) -> String { value.map { compact($0) } ?? "-" }
  static func compact(_ value: Int?) -> String { value.map { compact($0) } ?? "-" }
  static func compact(_ value: UInt64?) -> String { value.map { compact($0) } ?? "-" }
  static func grouped(_ value: Int?) -> String { value.map { grouped($0) } ?? "-" }
  static func grouped(_ value: UInt64?) -> String { value.map { grouped($0) } ?? "-" }
  static func bytes(_ value: UInt64?) -> String { value.map { bytes($0) } ?? "-" }
}

extension StyledText {
  /// A number in three digits and a unit: in `style` above `floor`, else dim; `-` if it is not known.
  static func amount<Value: BinaryInteger>(
    _ value: Value?, _ style: Style = .text, above floor: Value = 0
  ) -> StyledText {
    guard let value else { return StyledText("-", .faint) }
    return StyledText(Quantity.compact(Double(value)), value > floor ? style : .dim)
  }
}
