// Where everything stands on the stage.
//
// A lane is a P: its name and its M, the box of the G that it runs, its `runnext`, and its LRQ as cells in order. The GRQ
// is a row of cells below the lanes. At the side is what has left the queues: Gs that wait, and Ms in system calls. Each
// lane, and the GRQ, has a row below its boxes that stays free: there the trails of moves run. Between the lanes and the
// side is a column that stays free too, so that a trail can go from any place to any other one without crossing a box.
import Inspector

/// The parts of the stage on a screen of a given size.
struct StageLayout {
  /// How tall the boxes are. `boxes` has borders and some rows inside; the other forms are for many Ps.
  enum Form: Equatable {
    case boxes(rows: Int)
    /// One row of cells without borders, and a row for trails.
    case flat
    /// One row of cells, and nothing else. Trails are not drawn.
    case dense

    /// The rows of a lane.
    var height: Int {
      switch self {
      case .boxes(let rows): rows + 3
      case .flat: 2
      case .dense: 1
      }
    }

    /// The row of a lane in which the Gs' names stand.
    var nameRow: Int {
      guard case .boxes(let rows) = self else { return 0 }
      return rows > 3 ? 2 : 1
    }
  }

  /// A G, or a place for one, on the screen.
  struct Slot: Equatable {
    var rect: Rect
    /// The G; nil: not known which.
    var g: UInt64?
  }

  /// One P on the screen.
  struct Lane {
    var p: Snapshot.P
    var label, running, next, lrq: Rect
    /// The Gs in `runnext` and on the LRQ that have room.
    var nextSlots, slots: [Slot]
    /// The last G on the LRQ, if there are some between it and the others that have no room.
    var lastSlot: Slot?
    /// How many Gs of the LRQ have no room.
    var hidden: Int
    /// The row for trails; nil: there is none.
    var trail: Int?
  }

  let form: Form
  /// The rows for sentences, the newest on top.
  let sentences: Rect
  /// The row for the names of the columns; nil: there is none.
  let names: Rect?
  private(set) var lanes: [Lane] = []
  /// How many Ps there are, and the place of the first one that is shown.
  let total, first: Int
  private(set) var grq: Rect
  private(set) var grqSlots: [Slot] = []
  private(set) var grqLast: Slot?
  private(set) var grqHidden = 0
  let grqTrail: Int?
  /// The column in which trails go from row to row.
  let bus: Int
  let side: Rect
  /// The width of a cell, with one border.
  private let cell: Int
  private static let labelWidth = 7

  init(_ stage: Stage, first wanted: Int, in body: Rect) {
    var rest = body
    total = stage.snapshot.ps.count
    form = Self.form(lanes: total, rows: rest.height - 1)
    let fitting = max(1, (rest.height - 1) / form.height - 1)
    let shown = min(total, fitting)
    let spare = rest.height - (shown + 1) * form.height
    // Boxes have their names on their borders. Other forms have a row of names above, if there is room.
    let hasNames = form.height < 4 && spare > 1
    sentences = rest.takeRows(min(max(1, hasNames ? spare - 1 : spare), Stage.mostMoves + 1))
    names = hasNames ? rest.takeRows(1) : nil
    first = max(0, min(wanted, total - shown))
    let sideWidth = body.width >= 150 ? 36 : body.width >= 100 ? 28 : body.width >= 60 ? 22 : 12
    let width = rest.width - sideWidth - 3
    bus = rest.x + width + 1
    side = Rect(x: bus + 2, y: rest.y, width: sideWidth, height: rest.height)
    cell = Self.cellWidth(stage, width: width)
    var rows = Rect(x: rest.x, y: rest.y, width: width, height: rest.height)
    for p in stage.snapshot.ps[first..<min(total, first + shown)] {
      lanes.append(Self.lane(p, stage, form, cell, in: rows.takeRows(form.height)))
    }
    let line = rows.takeRows(form.height)
    let boxes = form.boxRows(of: line)
    grq = Rect(
      x: line.x + Self.labelWidth, y: boxes.y, width: line.width - Self.labelWidth, height: boxes.height)
    grqTrail = form.trailRow(of: line)
    let gs = stage.queues?.grq.map(\.g)
    (grqSlots, grqLast, grqHidden) = Self.slots(gs, count: stage.snapshot.grq ?? 0, cell, in: grq)
  }

  private static func form(lanes: Int, rows: Int) -> Form {
    let forms: [Form] = [.boxes(rows: 5), .boxes(rows: 3), .boxes(rows: 2), .boxes(rows: 1), .flat]
    return forms.first { (lanes + 1) * $0.height <= rows } ?? .dense
  }

  /// The width of a cell: enough for the longest name, so that no name is cut.
  private static func cellWidth(_ stage: Stage, width: Int) -> Int {
    var highest: UInt64 = 999
    for queues in stage.queues?.ps ?? [] {
      for g in queues.next + queues.lrq { highest = max(highest, g ?? 0) }
    }
    for g in stage.queues?.grq ?? [] { highest = max(highest, g.g ?? 0) }
    for p in stage.snapshot.ps { highest = max(highest, p.g ?? 0) }
    let name = "G\(highest)".count
    return (width >= 130 ? max(name, 13) : width >= 80 ? max(name, 9) : name) + (width >= 70 ? 3 : 2)
  }

  private static func lane(
    _ p: Snapshot.P, _ stage: Stage, _ form: Form, _ cell: Int, in rect: Rect
  ) -> Lane {
    let boxes = form.boxRows(of: rect)
    var rest = Rect(x: rect.x, y: boxes.y, width: rect.width, height: boxes.height)
    let label = rest.takeColumns(labelWidth)
    let running = rest.takeColumns(cell + 2)
    _ = rest.takeColumns(1)
    let next = rest.takeColumns(cell + 1)
    _ = rest.takeColumns(1)
    let queues = stage.queues?.queues(ofP: p.id)
    let (nextSlots, _, _) = slots(queues?.next, count: p.runnext == true ? 1 : 0, cell, in: next)
    let (slots, lastSlot, hidden) = slots(queues?.lrq, count: p.lrq ?? 0, cell, in: rest)
    return Lane(
      p: p, label: label, running: running, next: next, lrq: rest, nextSlots: nextSlots, slots: slots,
      lastSlot: lastSlot, hidden: hidden, trail: form.trailRow(of: rect))
  }

  /// The cells of a queue: the first ones, and if not all have room, the last one. If the names are not known, the cells
  /// have none.
  private static func slots(
    _ names: [UInt64?]?, count: Int, _ cell: Int, in rect: Rect
  ) -> ([Slot], last: Slot?, hidden: Int) {
    let gs = names ?? Array(repeating: nil, count: min(count, 512))
    let all = max(gs.count, names == nil ? count : 0)
    // The last column is the border. Where not all Gs fit, their number takes some columns more, and the last G one cell.
    let room = max(0, (rect.width - 1) / max(1, cell))
    let note = "+\(all)".count + 1
    let fitting = max(0, (rect.width - 2 - note) / max(1, cell))
    let (shown, hasLast) = all <= room ? (all, false) : fitting >= 2 ? (fitting - 1, true) : (fitting, false)
    func slot(x: Int, _ g: UInt64?) -> Slot {
      Slot(rect: Rect(x: x, y: rect.y, width: cell + 1, height: rect.height), g: g)
    }
    let slots = gs.prefix(shown).enumerated().map { slot(x: rect.x + $0 * cell, $1) }
    guard hasLast, let g = gs.last else { return (slots, nil, all - slots.count) }
    return (slots, slot(x: rect.x + shown * cell + 1 + note, g), all - slots.count - 1)
  }

  // MARK: places

  /// The lane of a P; nil: it is not shown.
  func lane(ofP id: Int) -> Lane? { lanes.first { $0.p.id == id } }

  /// The G at a place of the screen; nil: none.
  func g(atX x: Int, y: Int) -> UInt64? {
    for lane in lanes {
      if lane.running.contains(x, y) { return lane.p.g }
      let slots = lane.nextSlots + lane.slots + [lane.lastSlot].compactMap { $0 }
      if let slot = slots.first(where: { $0.rect.contains(x, y) }) { return slot.g }
    }
    return (grqSlots + [grqLast].compactMap { $0 }).first { $0.rect.contains(x, y) }?.g
  }
}

extension StageLayout.Form {
  fileprivate func boxRows(of lane: Rect) -> Rect {
    let rows = if case .boxes(let rows) = self { rows + 2 } else { 1 }
    return Rect(x: lane.x, y: lane.y, width: lane.width, height: rows)
  }

  fileprivate func trailRow(of lane: Rect) -> Int? { self == .dense ? nil : lane.y + height - 1 }
}

extension Rect {
  fileprivate func contains(_ x: Int, _ y: Int) -> Bool { x >= self.x && x < maxX && y >= self.y && y < maxY }
}
