// The Gs by state: running, ready, or parked and for which reason.
import Inspector
import Region

struct GoroutinesSection {
  var snapshot: Snapshot
  var glyphs: Glyphs

  /// Groups that keep their row even at zero, so that the other rows do not jump.
  static let always: [WaitGroupName] = [.netpoll, .chan, .sleep, .sync, .select]

  func draw(in rect: Rect, layout: OverviewLayout, on canvas: inout Canvas) {
    var rows = rect
    if layout.isWide { return drawDetail(in: rect, on: &canvas) }
    if layout.isRoomy {
      SectionHeading(
        title: "Parked Gs \(Quantity.grouped(parked))",
        legend: "waiting for something; a parked G holds no thread"
      )
      .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    }
    let isShort = rect.width < 60
    var pieces = reasons(always: layout.isRoomy ? Self.always : [.netpoll], isShort: isShort)
    var gap = isShort ? 1 : 3
    func overflows() -> Bool { pieces.reduce(-gap) { $0 + $1.width + gap } > rows.width }
    if overflows() { gap = min(gap, 2) }
    if overflows() { pieces = reasons(always: [.netpoll], isShort: isShort) }
    if !layout.isRoomy { pieces.insert(StyledText("Parked", .dim), at: 0) }
    canvas.writeFlowing(pieces, in: rows.takeRows(1), gap: gap, glyphs: glyphs)
  }

  private var parked: Int { snapshot.gs.waiting.values.reduce(0, +) }

  /// The counts of the groups of reasons, then the counts of timers and descriptors.
  private func reasons(always: [WaitGroupName], isShort: Bool) -> [StyledText] {
    let groups = snapshot.gs.shares(always: always).dropFirst(2).map { share in
      var piece = StyledText(Quantity.grouped(share.count), share.count > 0 ? .strong : .dim)
      piece.append(" " + (isShort ? share.shortWord : share.word), share.count > 0 ? share.style : .dim)
      return piece
    }
    return groups + [counted(snapshot.timers, "timers"), counted(snapshot.netpoll.fds, "descriptors")]
  }

  private func counted(_ value: Int?, _ word: String) -> StyledText {
    var text = StyledText(Quantity.grouped(value), value ?? 0 > 0 ? .strong : .dim)
    text.append(" " + word, .dim)
    return text
  }

  // MARK: The wide form

  private func drawDetail(in rect: Rect, on canvas: inout Canvas) {
    var rows = rect
    SectionHeading(
      title: "Goroutines (G) \(Quantity.grouped(snapshot.gs.live))", legend: "where they are now"
    )
    .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    for share in snapshot.gs.shares(always: Self.always) {
      drawShare(share, in: rows.takeRows(1), on: &canvas)
    }
    _ = rows.takeRows(1)
    let pieces = [
      counted(snapshot.timers, "timers"), counted(snapshot.netpoll.fds, "descriptors in netpoll"),
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
