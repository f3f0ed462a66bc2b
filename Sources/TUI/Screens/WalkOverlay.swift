// Following a request, over any screen: a row for each step, and the words, events and rule of the selected
// step.
import Inspector

struct WalkOverlay {
  let state: AppState
  private let walk: WalkState

  /// Makes the overlay; nil: no request is followed.
  init?(state: AppState) {
    guard let walk = state.walk else { return nil }
    (self.state, self.walk) = (state, walk)
  }

  /// The number of lines of the selected step's text, and the number of rows in which they are shown.
  var told: (lines: Int, rows: Int) { panel.room }

  func draw(on canvas: inout Canvas) { panel.draw(on: &canvas) }

  private var panel: StepPanel {
    guard let found = state.shownWalk else {
      return StepPanel(
        title: "Following a request", note: walk.note, rows: [], selected: 0, told: nothing, toldRows: 14,
        overlay: .walk, size: state.size, glyphs: state.glyphs)
    }
    let step = min(max(0, walk.step), found.steps.count - 1)
    return StepPanel(
      title: "Request " + found.title, note: note(found), rows: found.steps.indices.map { row($0, found) },
      selected: step, told: told(step, found), toldRows: 14, firstLine: walk.firstLine, overlay: .walk,
      size: state.size, glyphs: state.glyphs)
  }

  private func note(_ found: RequestWalk) -> String? {
    let missing =
      found.span.missing == 0 ? nil : missingText(found.span.missing) + " around it: not all is known"
    let notes = [walk.note, missing].compactMap { $0 }
    return notes.isEmpty ? nil : notes.joined(separator: "; ")
  }

  /// The request that is being looked for, in words.
  private var wanted: String {
    switch walk.choice {
    case .last: "The last request that had ended by this moment."
    case .next: "The first request that ends after this moment."
    case .of(let g, _): "The last request that G\(g) took part in."
    case .number(let number): "Request \(number)."
    }
  }

  /// The text while there are no steps to show: the search goes on, or it found no request.
  private var nothing: [StepPanel.Paragraph] {
    guard let answer = state.shown?.detail.request, answer.choice == walk.choice else {
      return [
        .init(text: wanted, style: .strong), .init(text: WhyOverlay.lookingText(state), style: .dim),
      ]
    }
    let isLive = state.shown?.ended == nil && state.shown?.past == nil
    let first =
      isLive
      ? "No request has ended yet since then: waiting for the next one."
      : "No request, or other span, ends in this history from there on."
    let hint =
      isLive
      ? "Make one, with curl for instance. As soon as its handler has returned it is shown here, step by step."
      : "Left goes to the one before, Esc closes this."
    return [
      .init(text: first, style: .strong), .init(text: ""), .init(text: hint), .init(text: ""),
      .init(
        text:
          "A request is what the HTTP server makes a span of: from its whole head and body to the return of its "
          + "handler. A program's own spans (MPG.withSpan) are followed as well.", style: .dim),
    ]
  }

  private func row(_ index: Int, _ found: RequestWalk) -> StepPanel.Row {
    let step = found.steps[index]
    let absent = step.outcome == .absent ? "did not" : "not told"
    let time = found.offset(index).map(TimeText.signed) ?? absent
    let delta = found.delta(index).map { $0 == 0 ? "0" : TimeText.short($0.magnitude) } ?? ""
    let lasted = step.lasted.map { $0 == 0 ? "" : TimeText.short($0) + "  " } ?? ""
    let places = lasted + step.places
    let style: Style = step.outcome == .happened ? .text : step.outcome == .untold ? .waiting : .dim
    return StepPanel.Row(time: time, delta: delta, title: step.title, places: places, style: style)
  }

  private func told(_ index: Int, _ found: RequestWalk) -> [StepPanel.Paragraph] {
    let step = found.steps[index]
    var told = [StepPanel.Paragraph(text: step.text)]
    if !step.events.isEmpty { told.append(.init(text: "")) }
    for event in step.events {
      let offset = Int64(clamping: event.time) - Int64(clamping: found.zero)
      let head = TimeText.signed(offset).padded(to: 10) + " " + event.lane.name.padded(to: 3)
      told.append(.init(text: "\(head) \(event.text)", style: event.style, hanging: 15))
    }
    return told + [.init(text: ""), .init(text: step.rule, style: .dim)]
  }
}
