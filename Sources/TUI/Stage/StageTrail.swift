// The trail of a move: a line from where Gs were to where they are now, with an arrow at its end.
//
// A trail leaves its place downwards into the free row below it. If the other end is in the same row, the trail goes there
// straight. Otherwise it goes to the free column at the side, along it, and back in the other row.
import Inspector

/// The line of one move, as cells.
struct StageTrail {
  /// An end of a trail.
  private enum End: Equatable {
    /// Below a box, in the row for trails.
    case below(x: Int, row: Int)
    /// At the side.
    case side(row: Int)

    var row: Int {
      switch self {
      case .below(_, let row), .side(let row): row
      }
    }
  }

  private let layout: StageLayout
  private let sideRows: [StagePlace: Int]
  private let glyphs: Glyphs

  /// - Parameter sideRows: the rows of the places at the side.
  init(_ layout: StageLayout, sideRows: [StagePlace: Int], glyphs: Glyphs) {
    (self.layout, self.sideRows, self.glyphs) = (layout, sideRows, glyphs)
  }

  func draw(_ move: StageMove, on canvas: inout Canvas) {
    let style: Style = move.isForward ? .peak : .dim
    let (old, new) = move.isForward ? (move.from, move.to) : (move.to, move.from)
    let start = old.flatMap { end($0, isArrival: false) }
    guard let target = new.flatMap({ end($0, isArrival: true) }) else {
      if case .below(let x, let row) = start { canvas.put(Cell(glyphs.gone, style), x: x, y: row) }
      return
    }
    if let start, start != target { line(from: start, to: target, style, on: &canvas) }
    switch target {
    case .below(let x, let row): canvas.put(Cell(glyphs.up, style), x: x, y: row)
    case .side(let row): canvas.put(Cell(glyphs.pointer, style), x: layout.side.x - 1, y: row)
    }
    if move.count > 1, let start { note("\(move.count) Gs", start, target, style, on: &canvas) }
  }

  private func end(_ place: StagePlace, isArrival: Bool) -> End? {
    func below(_ queue: StageLayout.Queue, _ row: Int?) -> End? {
      guard let row else { return nil }
      let slot = isArrival ? queue.all.last : queue.slots.first
      let x =
        slot.map { $0.rect.x + $0.rect.width / 2 } ?? queue.rect.x + min(3, max(0, queue.rect.width - 1))
      return .below(x: min(x, queue.rect.maxX - 1), row: row)
    }
    switch place {
    case .running(let p):
      return layout.lane(ofP: p).flatMap { lane in
        lane.trail.map { .below(x: lane.running.x + lane.running.width / 2, row: $0) }
      }
    case .next(let p): return layout.lane(ofP: p).flatMap { below($0.next, $0.trail) }
    case .lrq(let p): return layout.lane(ofP: p).flatMap { below($0.lrq, $0.trail) }
    case .grq: return below(layout.grq, layout.grqTrail)
    case .sockets, .timers, .others, .call:
      guard layout.form != .dense else { return nil }
      return sideRows[place].map { .side(row: $0) }
    }
  }

  private func line(from start: End, to target: End, _ style: Style, on canvas: inout Canvas) {
    func put(_ glyph: Unicode.Scalar, _ x: Int, _ y: Int) { canvas.put(Cell(glyph, style), x: x, y: y) }
    func across(_ x: Int, to other: Int, _ y: Int) {
      guard abs(x - other) > 1 else { return }
      for column in min(x, other) + 1..<max(x, other) { put(glyphs.rule, column, y) }
    }
    if start.row == target.row, case .below(let from, let row) = start, case .below(let to, _) = target {
      across(from, to: to, row)
      return put(to > from ? glyphs.corners[3] : glyphs.corners[2], from, row)
    }
    let bus = layout.bus
    for row in min(start.row, target.row)...max(start.row, target.row) { put(glyphs.side, bus, row) }
    if case .below(let x, let row) = start { put(glyphs.corners[3], x, row) }
    for (end, other) in [(start, target), (target, start)] {
      let goesDown: Bool? = end.row == other.row ? nil : other.row > end.row
      // `corners` has the four corners clockwise, the upper left one first.
      switch end {
      case .below(let x, let row):
        across(x, to: bus, row)
        put(goesDown.map { glyphs.corners[$0 ? 1 : 2] } ?? glyphs.rule, bus, row)
      case .side(let row):
        across(bus, to: layout.side.x, row)
        put(goesDown.map { glyphs.corners[$0 ? 0 : 3] } ?? glyphs.rule, bus, row)
      }
    }
  }

  /// Writes how many Gs move, on the trail.
  private func note(_ text: String, _ start: End, _ target: End, _ style: Style, on canvas: inout Canvas) {
    var (x, row) = (layout.bus - text.count - 4, target.row)
    if case .below(let left, let own) = start { (x, row) = (left + 3, own) }
    canvas.write(" \(text) ", x: min(x, layout.bus - text.count - 3), y: row, style)
  }
}
