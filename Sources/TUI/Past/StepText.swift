// The event that the last step went over, and how long before now the shown moment is. The line stays at the bottom of
// every screen until the user moves through time in another way than by steps.
import Inspector

enum StepText {
  /// The line about the step that led to the frame's moment; nil: no step led there.
  static func line(_ frame: Frame, width: Int, glyphs: Glyphs) -> StyledText? {
    guard let past = frame.past, let step = past.step else { return nil }
    guard let event = step.event else {
      return StyledText(
        step.isForward ? "this is the newest moment that is known" : "this is the first moment that is known",
        .eager)
    }
    var line = StyledText(step.isForward ? "over " : "back over ", .dim)
    line.append(event.lane.name + " ", .strong)
    let away = past.last - min(past.last, past.time)
    let tail =
      past.goesOn ? "; now is \(TimeText.short(away)) later" : "; \(TimeText.short(away)) to the end"
    let room = max(8, width - line.width - tail.count)
    let words = TextWidth.sanitised(event.text, isASCII: glyphs.isASCII)
    line.append(TextWidth.truncated(words, to: room, ellipsis: glyphs.ellipsis), event.style)
    line.append(tail, .dim)
    return line
  }
}
