// One cell of a picture.

/// A glyph and its role. A glyph that is two columns wide takes two cells: the first has `width` 2, the
/// second has `width` 0.
public struct Cell: Sendable, Equatable {
  public var glyph: Unicode.Scalar
  public var style: Style
  public var width: UInt8

  public init(_ glyph: Unicode.Scalar, _ style: Style = .text, width: UInt8 = 1) {
    (self.glyph, self.style, self.width) = (glyph, style, width)
  }

  public static let blank = Cell(" ")
}
