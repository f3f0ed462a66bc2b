// The boot, over any screen: the steps of the runtime before the program's own code, in order and with times.
import Inspector

struct BootOverlay {
  let state: AppState
  private let boot: BootState

  /// Makes the overlay; nil: the boot is not shown.
  init?(state: AppState) {
    guard let boot = state.boot else { return nil }
    (self.state, self.boot) = (state, boot)
  }

  /// The number of boot steps that the target has recorded.
  static func count(_ frame: Frame?) -> Int { frame?.snapshot.bootSteps.count ?? 0 }

  func draw(on canvas: inout Canvas) {
    let steps = state.shown?.snapshot.bootSteps ?? []
    let selected = min(max(0, boot.step), max(0, steps.count - 1))
    let length = state.shown?.snapshot.boot.duration.map {
      ", \(TimeText.short($0)) to the program's own code"
    }
    StepPanel(
      title: "Boot" + (length ?? ""), note: nil, rows: steps.indices.map { row(steps, $0) },
      selected: selected, told: told(steps, selected), toldRows: 6, overlay: .boot, size: state.size,
      glyphs: state.glyphs
    ).draw(on: &canvas)
  }

  private func row(_ steps: [BootMoment], _ index: Int) -> StepPanel.Row {
    let (time, start) = (steps[index].time, steps[0].time)
    let before = index > 0 ? steps[index - 1].time : time
    let passed = time - min(start, time)
    return StepPanel.Row(
      time: passed == 0 ? "0" : "+" + TimeText.short(passed),
      delta: index == 0 ? "" : TimeText.short(time - min(before, time)), title: steps[index].title,
      places: steps[index].place)
  }

  private func told(_ steps: [BootMoment], _ index: Int) -> [StepPanel.Paragraph] {
    guard steps.indices.contains(index) else {
      return [
        .init(
          text: state.shown == nil
            ? "waiting for the first frame"
            : "This target does not tell of its boot: its runtime is an older one.")
      ]
    }
    let step = steps[index]
    var told = [StepPanel.Paragraph(text: step.text)]
    if index > 0 {
      let longest = steps.indices.dropFirst().max { gap(steps, $0) < gap(steps, $1) }
      if longest == index {
        told += [.init(text: ""), .init(text: "The longest step of this boot.", style: .eager)]
      }
    }
    return told
  }

  private func gap(_ steps: [BootMoment], _ index: Int) -> UInt64 {
    steps[index].time - min(steps[index].time, steps[index - 1].time)
  }
}
