// The stage: Ps as lanes, Gs as boxes with their names, and the last move as a trail. It is made to be projected.
//
// The order on the screen is the order of the queues: the leftmost cell of an LRQ is the next to be taken. A G has the colour
// of the G that spawned it, so children of one G can be told from those of another. No meaning is in a colour alone: a name or
// a place tells it too.
import Inspector
import Region

struct StageScreen {
  let frame: Frame
  let state: AppState
  /// Whether the user has keys that hold the scheduler and pause the view. A lesson has no such keys, so the screen
  /// names none.
  var hasKeys = true
  private var glyphs: Glyphs { state.glyphs }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard let stage = frame.detail.stage else {
      canvas.write(
        frame.snapshot.trace.absence ?? "the first look at the queues is on its way", x: rect.x, y: rect.y,
        .dim)
      return
    }
    let layout = StageLayout(stage, first: state.stage.firstLane, in: rect)
    drawSentences(stage, in: layout.sentences, on: &canvas)
    let boxes = StageBoxes(
      stage: stage, layout: layout, followed: state.stage.followed, pace: frame.snapshot.pace, glyphs: glyphs)
    boxes.drawNames(on: &canvas)
    for lane in layout.lanes { boxes.draw(lane, on: &canvas) }
    boxes.drawGRQ(on: &canvas)
    let side = StageSide(stage: stage, followed: state.stage.followed, glyphs: glyphs)
    side.draw(in: layout.side, hidden: layout.total - layout.lanes.count, on: &canvas)
    let trail = StageTrail(layout, sideRows: side.rows(in: layout.side), glyphs: glyphs)
    for move in shownMoves(stage) { trail.draw(move, on: &canvas) }
  }

  /// The layout of the frame that is shown; nil: there is no stage.
  static func layout(_ state: AppState) -> StageLayout? {
    state.shown?.detail.stage.map {
      StageLayout($0, first: state.stage.firstLane, in: ListPanel.body(state.size))
    }
  }

  // MARK: the moves

  /// The most events per second that the eye can follow.
  private static let mostReadable = 40.0

  /// Whether so much happens that single moves say nothing.
  private var isTooFast: Bool {
    guard frame.past == nil, frame.ended == nil, let rate = frame.eventsPerSecond else { return false }
    return rate > Self.mostReadable && frame.snapshot.pace?.isOn != true
  }

  /// The moves whose trails are drawn: the last one that goes from one place to another. If this move starts a G, and the G's P
  /// got a batch of Gs shortly before, by a steal or from the GRQ, then the move of the batch is drawn too.
  private func shownMoves(_ stage: Stage) -> [StageMove] {
    guard !isTooFast, let place = stage.moves.lastIndex(where: { $0.to != nil || $0.from != nil }) else {
      return []
    }
    let last = stage.moves[place]
    let batch = stage.moves[..<place].suffix(3).last { $0.count > 1 && $0.to != .grq && $0.p == last.p }
    guard last.event.kind == .goStart, let batch else { return [last] }
    return [last, batch]
  }

  private func drawSentences(_ stage: Stage, in rect: Rect, on canvas: inout Canvas) {
    var rest = rect
    // The sentences of the moves whose trails are drawn have the trails' colour.
    let drawn = shownMoves(stage)
    if isTooFast {
      let row = rest.takeRows(1)
      var text = StyledText("\(Quantity.compact(frame.eventsPerSecond)) events/s, too many to follow", .eager)
      if hasKeys {
        for (action, words) in [(Action.pace(.hold), " holds the scheduler"), (.pause, " the view")] {
          let key = ActionTable.common.flatMap(\.rows).first { $0.action == action }?.keys.first?.name
          text.append(action == .pause ? ", " : ": ", .eager)
          text.append(key ?? "", .key)
          text.append(words, .eager)
        }
      }
      canvas.write(text, x: row.x, y: row.y, width: row.width, glyphs: glyphs)
    }
    for (index, move) in stage.moves.reversed().enumerated() {
      let isNewest = index == 0
      let style: Style = isTooFast ? .dim : drawn.contains(move) ? .peak : isNewest ? .strong : .dim
      var words = TextWidth.sanitised(move.sentence, isASCII: glyphs.isASCII)
      if !move.isForward { words = "undone: " + words }
      for (line, text) in TextWidth.wrapped(words, to: max(20, rest.width - 2)).enumerated() {
        let row = rest.takeRows(1)
        if row.isEmpty { return }
        if isNewest, line == 0 { canvas.put(Cell(glyphs.pointer, .key), x: row.x, y: row.y) }
        canvas.write(text, x: row.x + 2, y: row.y, style)
      }
    }
  }
}
