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
    /// The G; nil: it is not known which one.
    var g: UInt64?
  }

  /// A queue on the screen: its first Gs, and if not all have room, the last one.
  struct Queue {
    var rect: Rect
    var name: String
    /// The first Gs, as many as have room.
    var slots: [Slot]
    /// The last G, drawn behind the number of the Gs that are left out; nil: none is left out, or it has no room either.
    var last: Slot?
    /// How many Gs are left out, for want of room.
    var hidden: Int

    /// The slots of all Gs that have room.
    var all: [Slot] { slots + [last].compactMap { $0 } }
  }

  /// One P on the screen.
  struct Lane {
    var p: Snapshot.P
    var label, running: Rect
    var next, lrq: Queue
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
  let grqLabel: Rect
  let grq: Queue
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
    var boxes = form.boxRows(of: line)
    grqLabel = boxes.takeColumns(Self.labelWidth)
    grq = Self.queue(
      stage.queues?.grq.map(\.g), "GRQ", depth: stage.snapshot.grq, cell, in: boxes)
    grqTrail = form.trailRow(of: line)
  }

  private static func form(lanes: Int, rows: Int) -> Form {
    let forms: [Form] = [.boxes(rows: 5), .boxes(rows: 3), .boxes(rows: 2), .boxes(rows: 1), .flat]
    return forms.first { (lanes + 1) * $0.height <= rows } ?? .dense
  }

  /// The width of a cell: enough for the longest name, so that no name is cut.
  private static func cellWidth(_ stage: Stage, width: Int) -> Int {
    let running = stage.snapshot.ms.compactMap(\.g) + stage.snapshot.ps.compactMap(\.g)
    let highest = stage.named.union(running).max() ?? 0
    let name = "G\(max(highest, 999))".count
    return (width >= 130 ? max(name, 13) : width >= 80 ? max(name, 9) : name) + (width >= 70 ? 3 : 2)
  }

  private static func lane(
    _ p: Snapshot.P, _ stage: Stage, _ form: Form, _ cell: Int, in rect: Rect
  ) -> Lane {
    var rest = form.boxRows(of: rect)
    let label = rest.takeColumns(labelWidth)
    let running = rest.takeColumns(cell + 2)
    _ = rest.takeColumns(1)
    let next = rest.takeColumns(cell + 1)
    _ = rest.takeColumns(1)
    let queues = stage.queues?.queues(ofP: p.id)
    let name = next.width >= "runnext".count + 2 ? "runnext" : "next"
    return Lane(
      p: p, label: label, running: running,
      next: queue(queues?.next, name, count: p.runnext == true ? 1 : 0, cell, in: next),
      lrq: queue(queues?.lrq, "LRQ", depth: p.lrq, cell, in: rest), trail: form.trailRow(of: rect))
  }

  /// Makes a queue whose name tells its depth, because not all of its Gs may have room.
  private static func queue(
    _ names: [UInt64?]?, _ name: String, depth: Int?, _ cell: Int, in rect: Rect
  ) -> Queue {
    let title = "\(name) \(depth.map { Quantity.grouped($0) } ?? "-")"
    return queue(names, title, count: depth ?? 0, cell, in: rect)
  }

  /// - Parameters:
  ///   - names: the Gs on the queue; nil: they are not known, and then the cells have no names.
  ///   - count: the number of Gs on the queue if `names` is nil.
  private static func queue(
    _ names: [UInt64?]?, _ name: String, count: Int, _ cell: Int, in rect: Rect
  ) -> Queue {
    let all = names?.count ?? max(0, count)
    // The depth may come from damaged memory, so it may be any number. No screen has room for more than 512 Gs.
    let gs = names ?? Array(repeating: nil, count: min(all, 512))
    // The last column is the border. If not all Gs fit, the number of those left out takes some columns, and the last G one
    // cell.
    let room = max(0, (rect.width - 1) / max(1, cell))
    let note = "+\(all)".count + 1
    let fitting = max(0, (rect.width - 2 - note) / max(1, cell))
    let (shown, hasLast) =
      all <= room ? (all, false) : fitting >= 2 ? (fitting - 1, true) : (fitting, false)
    func slot(x: Int, _ g: UInt64?) -> Slot {
      Slot(rect: Rect(x: x, y: rect.y, width: cell + 1, height: rect.height), g: g)
    }
    var queue = Queue(
      rect: rect, name: name,
      slots: gs.prefix(shown).enumerated().map { slot(x: rect.x + $0 * cell, $1) }, hidden: all - shown)
    if hasLast, let g = gs.last {
      queue.last = slot(x: rect.x + shown * cell + 1 + note, g)
      queue.hidden -= 1
    }
    return queue
  }

  // MARK: places

  /// The lane of a P; nil: it is not shown.
  func lane(ofP id: Int) -> Lane? { lanes.first { $0.p.id == id } }

  /// The G at a place of the screen; nil: none.
  func g(atX x: Int, y: Int) -> UInt64? {
    for lane in lanes {
      if lane.running.contains(x, y) { return lane.p.g }
      if let slot = (lane.next.all + lane.lrq.all).first(where: { $0.rect.contains(x, y) }) { return slot.g }
    }
    return grq.all.first { $0.rect.contains(x, y) }?.g
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
