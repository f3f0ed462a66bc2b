// The columns of the lanes: which columns fit a given width, and which fact each shows of a P.
//
// Columns vanish one by one as the screen narrows. The queue's bar takes the width that the other columns
// leave.
import Inspector
import Region

struct LaneTable {
  enum Column: Hashable {
    case p, status, use, m, g, entry, lrq, now, max, next, stealsIn, stealsOut, stolen, started
  }

  struct Placed: Equatable {
    var column: Column
    var x: Int
    var width: Int
  }

  let placed: [Placed]
  let isWordy: Bool

  /// - Parameters:
  ///   - width: columns that a lane may take.
  ///   - snapshot: its largest ids decide the width of the id columns. The largest of all ids are taken, not
  ///     of the ids on screen, so that lanes do not jump.
  init(width: Int, snapshot: Snapshot) {
    isWordy = width >= 64
    let fixed = Self.fixedWidths(width: width, snapshot: snapshot)
    let order: [Column] = [
      .p, .status, .use, .m, .g, .entry, .lrq, .now, .max, .next, .stealsIn, .stealsOut, .stolen, .started,
    ]
    let used = order.compactMap { fixed[$0] }.reduce(0) { $0 + $1 + 1 }
    var x = 0
    placed = order.compactMap { column in
      let columnWidth = column == .lrq ? width - used : fixed[column]
      guard let columnWidth, columnWidth > 0 else { return nil }
      defer { x += columnWidth + 1 }
      return Placed(column: column, x: x, width: columnWidth)
    }
  }

  private static func fixedWidths(width: Int, snapshot: Snapshot) -> [Column: Int] {
    let isWordy = width >= 64
    let largestM = snapshot.ms.reduce(0) { Swift.max($0, $1.id) }
    var widths: [Column: Int] = [
      .p: Swift.max(3, 1 + digits(UInt64(Swift.max(0, snapshot.ps.last?.id ?? 0)))),
      .status: isWordy ? 8 : 1,
      .m: Swift.max(3, 1 + digits(UInt64(largestM))),
      .g: Swift.max(isWordy ? 7 : 5, 1 + snapshot.digitsOfG),
      .now: width >= freeGRQ ? 5 : 3, .max: width >= freeGRQ ? 5 : 3, .next: isWordy ? 4 : 2,
    ]
    if width >= freeGRQ { widths[.use] = 4 }
    if width >= 60 { (widths[.stealsIn], widths[.stealsOut]) = (isWordy ? 9 : 5, 5) }
    if width >= 110 { widths[.entry] = Swift.min(44, width * 3 / 10) }
    if width >= 140 { (widths[.stolen], widths[.started]) = (9, 7) }
    return widths
  }

  /// Below this width, the GRQ's numbers are not aligned with the lanes' columns: the GRQ has no upper limit,
  /// so its numbers are wider.
  static let freeGRQ = 60

  private static func digits(_ value: UInt64) -> Int { String(value).count }

  // MARK: Drawing

  func drawTitles(x: Int, y: Int, glyphs: Glyphs, on canvas: inout Canvas) {
    for place in placed {
      let title = title(of: place.column, width: place.width)
      draw(StyledText(title, .dim), at: place, x: x, y: y, glyphs: glyphs, on: &canvas)
    }
  }

  private func title(of column: Column, width: Int) -> String {
    switch column {
    case .p: "P"
    case .status: isWordy ? "state" : ""
    case .use: "use"
    case .m: "M"
    case .g: "G"
    case .entry: "entry point of the G"
    case .lrq:
      width >= 18
        ? "LRQ: queue of \(Self.lrqCapacity)"
        : width >= 10 ? "LRQ of \(Self.lrqCapacity)" : width >= 8 ? "LRQ /\(Self.lrqCapacity)" : "LRQ"
    case .now: "now"
    case .max: "max"
    case .next: isWordy ? "next" : "nx"
    case .stealsIn: isWordy ? "steals in" : "in"
    case .stealsOut: "out"
    case .stolen: "Gs stolen"
    case .started: "Gs run"
    }
  }

  /// - Parameter use: the share of time in which the P ran Gs, 0…1; nil when not known.
  func draw(_ p: Snapshot.P, use: Double?, x: Int, y: Int, glyphs: Glyphs, on canvas: inout Canvas) {
    for place in placed {
      if place.column == .lrq {
        Bar(value: p.lrq, peak: p.lrqMax, scale: Self.lrqCapacity)
          .draw(x: x + place.x, y: y, width: place.width, glyphs: glyphs, on: &canvas)
      } else {
        draw(
          text(of: place.column, p, use: use, glyphs: glyphs), at: place, x: x, y: y, glyphs: glyphs,
          on: &canvas)
      }
    }
  }

  /// The number of slots of a local run queue.
  static let lrqCapacity = Capacity.lrq

  private func text(of column: Column, _ p: Snapshot.P, use: Double?, glyphs: Glyphs) -> StyledText {
    switch column {
    case .p: StyledText("P\(p.id)", .strong)
    case .status: StyledText(isWordy ? p.status.word : p.status.letter, p.status.style)
    case .use:
      use.map { StyledText(Quantity.percent($0), $0 >= 0.005 ? .text : .dim) }
        ?? StyledText("-", .faint)
    case .m: p.m.map { StyledText("M\($0)") } ?? StyledText("-", .faint)
    case .g: p.g.map { StyledText("G\($0)") } ?? StyledText("-", .faint)
    case .entry: StyledText(TextWidth.sanitised(p.entry ?? "", isASCII: glyphs.isASCII), .dim)
    case .lrq: StyledText()
    case .now: .amount(p.lrq, .strong)
    case .max: .amount(p.lrqMax, above: p.lrq ?? 0)
    case .next:
      p.runnext == true ? StyledText(String(glyphs.dot), Meaning.ready.style) : StyledText("-", .faint)
    case .stealsIn: .amount(p.stealsIn)
    case .stealsOut: .amount(p.stealsOut)
    case .stolen: .amount(p.stolenGs, .dim)
    case .started: .amount(p.ticks, .dim)
    }
  }

  private func draw(
    _ text: StyledText, at place: Placed, x: Int, y: Int, glyphs: Glyphs, on canvas: inout Canvas
  ) {
    let spare = place.width - text.width
    let indent =
      switch place.column {
      case .use, .now, .max, .stealsIn, .stealsOut, .stolen, .started: Swift.max(0, spare)
      case .next: Swift.max(0, spare / 2)
      default: 0
      }
    canvas.write(text, x: x + place.x + indent, y: y, width: place.width - indent, glyphs: glyphs)
  }

  /// The place of a column; nil: the column does not fit this width.
  subscript(column: Column) -> Placed? { placed.first { $0.column == column } }
}
