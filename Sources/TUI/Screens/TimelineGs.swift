// The Gs that had the most of a lane's time. They explain the letters of the timeline.
import Inspector

struct TimelineGs {
  private struct Share {
    var g: UInt64
    /// The time that the G ran, in nanoseconds. Only the columns of the timeline in which no other G ran
    /// longer count.
    var time: Double
    /// The number of those columns.
    var columns: Int
  }

  private let title: String
  private let shares: [Share]
  private let known: Double

  /// - Parameters:
  ///   - place: the row's place in the timeline.
  ///   - column: count this column only; nil: the whole row.
  init(_ timeline: LaneTimeline, _ place: Int, column: Int?) {
    let row =
      timeline.rows.indices.contains(place) ? timeline.rows[place] : LaneTimeline.Row(id: 0, slots: [])
    var slots = row.slots[...]
    if let column, slots.indices.contains(column) { slots = slots[column...column] }
    var shares: [UInt64: Share] = [:]
    for slot in slots where slot.g != 0 {
      shares[slot.g, default: Share(g: slot.g, time: 0, columns: 0)].time += Double(slot.gTime)
      shares[slot.g]?.columns += 1
    }
    self.shares = shares.values.sorted { ($1.time, $0.g) < ($0.time, $1.g) }
    known = slots.reduce(0) { $0 + Double($1.known) }
    title = "Gs that had most of " + (timeline.byM ? "M" : "P") + "\(row.id)"
  }

  func draw(in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    var rows = rect
    SectionHeading(title: title, legend: "of each column only the G that ran longest in it counts")
      .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    if shares.isEmpty { canvas.write("no G ran here", x: rows.x, y: rows.y, .dim) }
    let width = 52
    let columns = max(1, rows.width / width)
    for (index, share) in shares.prefix(columns * rows.height).enumerated() {
      canvas.write(
        line(share), x: rows.x + index / rows.height * width, y: rows.y + index % rows.height,
        width: min(width - 2, rows.width), glyphs: glyphs)
    }
  }

  private func line(_ share: Share) -> StyledText {
    var line = StyledText(String(TimelineScreen.letter(share.g)) + " ", Meaning.running.style)
    line.append("G\(share.g)".padded(to: 12), .strong)
    line.append(TimeText.short(UInt64(max(0, share.time))).leftPadded(to: 8))
    line.append(Quantity.percent(known > 0 ? share.time / known : 0).leftPadded(to: 6), .dim)
    line.append("  in " + counted(share.columns, "column"), .dim)
    return line
  }
}
