// Where the Gs are: running, ready, or parked for which reason.
import Inspector
import Region

struct GoroutinesSection {
  var snapshot: Snapshot
  var glyphs: Glyphs

  /// Groups that keep their row even at zero, so that rows do not jump.
  static let always: [WaitGroupName] = [.netpoll, .chan, .sleep, .sync, .select]

  func draw(in rect: Rect, layout: OverviewLayout, on canvas: inout Canvas) {
    var rows = rect
    if layout.isWide { return drawDetail(in: rect, on: &canvas) }
    if layout.isRoomy {
      SectionHeading(title: "Parked Gs \(parked)", legend: "waiting for something; a parked G holds no thread")
        .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    }
    var pieces = layout.isRoomy ? [] : [StyledText("Parked", .dim)]
    pieces += groupPieces(isShort: !layout.isRoomy)
    canvas.writeFitting(
      pieces, x: rows.x, y: rows.y, width: rows.width, gap: layout.isRoomy && rect.width >= 60 ? 3 : 1,
      glyphs: glyphs)
  }

  private var parked: Int { snapshot.gs.waiting.values.reduce(0, +) }

  private func groupPieces(isShort: Bool) -> [StyledText] {
    var pieces: [StyledText] = []
    for share in snapshot.gs.shares(always: isShort ? [.netpoll] : Self.always).dropFirst(2) {
      var piece = StyledText("\(share.count)", share.count > 0 ? .strong : .dim)
      piece.append(" " + share.word, share.count > 0 ? share.style : .dim)
      pieces.append(piece)
    }
    pieces.insert(counted(snapshot.timers, "timers"), at: 1)
    if !isShort { pieces.append(counted(snapshot.netpoll.fds, "sockets")) }
    return pieces
  }

  private func counted(_ value: Int, _ word: String) -> StyledText {
    var text = StyledText("\(value)", value > 0 ? .strong : .dim)
    text.append(" " + word, .dim)
    return text
  }

  // MARK: The wide form

  private func drawDetail(in rect: Rect, on canvas: inout Canvas) {
    var rows = rect
    SectionHeading(title: "Goroutines (G) \(snapshot.gs.live)", legend: "where they are now")
      .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    for share in snapshot.gs.shares(always: Self.always) {
      drawShare(share, in: rows.takeRows(1), on: &canvas)
    }
    _ = rows.takeRows(1)
    let pieces = [
      counted(snapshot.timers, "timers"), counted(snapshot.netpoll.fds, "sockets in netpoll"),
    ]
    canvas.writeFitting(pieces, x: rows.x, y: rows.y, width: rows.width, gap: 3, glyphs: glyphs)
  }

  private func drawShare(_ share: GShare, in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let nameWidth = 10
    let count = Quantity.grouped(share.count)
    let countWidth = 10
    canvas.write(share.word, x: rect.x, y: rect.y, share.count > 0 ? share.style : .dim)
    canvas.write(
      count, x: rect.x + nameWidth + countWidth - count.count, y: rect.y, share.count > 0 ? .strong : .dim)
    let barX = nameWidth + countWidth + 2
    Proportion(part: share.count, whole: max(snapshot.gs.live, snapshot.gs.sumOfStates), style: share.style)
      .draw(x: rect.x + barX, y: rect.y, width: rect.width - barX, glyphs: glyphs, on: &canvas)
  }
}
