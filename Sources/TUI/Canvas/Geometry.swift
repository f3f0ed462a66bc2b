// Places and sizes on a screen: columns to the right, rows downwards, both from 0.

/// The size of a screen or of a part of one, in cells.
public struct Size: Sendable, Equatable {
  public var columns: Int
  public var rows: Int

  public init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (max(0, columns), max(0, rows))
  }

  /// Whether a picture of the size `other` fits in.
  func holds(_ other: Size) -> Bool { columns >= other.columns && rows >= other.rows }
}

/// A rectangle of cells. Its size is never negative.
public struct Rect: Sendable, Equatable {
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, max(0, width), max(0, height))
  }

  /// The column behind the last one.
  public var maxX: Int { x + width }
  /// The row below the last one.
  public var maxY: Int { y + height }
  public var isEmpty: Bool { width == 0 || height == 0 }

  /// The cells that belong to both rectangles.
  public func intersection(_ other: Rect) -> Rect {
    let (left, top) = (max(x, other.x), max(y, other.y))
    return Rect(x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }

  /// Cuts up to `count` rows off the top and returns them.
  public mutating func takeRows(_ count: Int) -> Rect {
    let taken = Rect(x: x, y: y, width: width, height: min(max(0, count), height))
    self = Rect(x: x, y: y + taken.height, width: width, height: height - taken.height)
    return taken
  }

  /// Cuts up to `count` columns off the left and returns them.
  public mutating func takeColumns(_ count: Int) -> Rect {
    let taken = Rect(x: x, y: y, width: min(max(0, count), width), height: height)
    self = Rect(x: x + taken.width, y: y, width: width - taken.width, height: height)
    return taken
  }
}
