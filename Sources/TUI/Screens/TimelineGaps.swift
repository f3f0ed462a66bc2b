// The gaps of a timeline: times between two traces of a program that is traced again and again.
//
// A gap is mostly shorter than a column, and then the column shows what is known of its time. The head of the screen says how
// many gaps there are and how long they are together, so that none is overlooked.
import Inspector

struct TimelineGaps {
  private let timeline: LaneTimeline

  /// nil: the timeline has no gaps.
  init?(_ timeline: LaneTimeline) {
    guard !timeline.gaps.isEmpty, timeline.end > timeline.start else { return nil }
    self.timeline = timeline
  }

  /// How many there are, and how long they are.
  var words: String {
    let length = timeline.gaps.reduce(0) { $0 + ($1.to - min($1.to, max($1.from, timeline.start))) }
    let count = timeline.gaps.count
    return (count == 1 ? "gap " : "\(count) gaps ") + TimeText.short(length)
  }

  /// A column is marked from this share of its time on.
  private static let least = 0.125

  /// Draws over the columns that lie in gaps.
  func draw(in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    guard rect.width > 0 else { return }
    let column = Double(timeline.end - timeline.start) / Double(rect.width)
    for gap in timeline.gaps where gap.to > timeline.start {
      let from = Double(max(gap.from, timeline.start) - timeline.start) / column
      let to = Double(min(gap.to, timeline.end) - timeline.start) / column
      for x in max(0, Int(from))...max(0, Int(from), min(rect.width - 1, Int(to))) {
        guard min(to, Double(x + 1)) - max(from, Double(x)) >= Self.least else { continue }
        let place = Rect(x: rect.x + x, y: rect.y, width: 1, height: rect.height)
        canvas.fill(place, with: Cell(glyphs.gap, .faint))
      }
    }
  }
}
