// The line that is typed at the bottom: a filter that works while it is typed, a search, or the palette.
import Inspector

extension AppState {
  /// Applies a key to the line that is typed.
  mutating func type(_ key: Key) -> Effect {
    guard var prompt else { return .nothing }
    switch key {
    case .escape:
      if prompt.kind == .filter { setFilter(prompt.before) }
      self.prompt = nil
      return .nothing
    case .control("c"): return .end(.quit)
    case .enter:
      self.prompt = nil
      return finish(prompt)
    case .backspace: if !prompt.text.isEmpty { prompt.text.removeLast() }
    case .control("u"): prompt.text = ""
    case .character(let scalar):
      if prompt.text.count < Prompt.longest { prompt.text.unicodeScalars.append(scalar) }
    case .up, .wheelUp: prompt.choice -= 1
    case .down, .wheelDown: prompt.choice += 1
    default: return .nothing
    }
    changed(&prompt)
    return .nothing
  }

  private mutating func changed(_ prompt: inout Prompt) {
    if prompt.kind == .palette {
      let count = Palette.found(prompt.text, on: screen, over: overlay).count
      prompt.choice = max(0, min(prompt.choice, count - 1))
    }
    self.prompt = prompt
    if prompt.kind == .filter { setFilter(prompt.text) }
  }

  /// Appends pasted text to the line that is typed; line breaks become blanks. Without such a line the text
  /// is dropped.
  mutating func paste(_ text: String) -> Effect {
    guard var prompt else {
      note = "pasted text goes into a line that is typed (/ or :), and is no keys"
      return .nothing
    }
    for scalar in text.unicodeScalars where prompt.text.count < Prompt.longest {
      let isBreak = scalar == "\n" || scalar == "\r" || scalar == "\t"
      if isBreak || TextWidth.columns(of: scalar) >= 0 {
        prompt.text.unicodeScalars.append(isBreak ? " " : scalar)
      }
    }
    changed(&prompt)
    return .nothing
  }

  private mutating func setFilter(_ text: String) {
    guard text != list.filter.source else { return }
    list.filter = Filter(text)
    (list.first, list.selected, list.selectedKey) = (0, 0, nil)
  }

  private mutating func finish(_ prompt: Prompt) -> Effect {
    switch prompt.kind {
    case .filter, .nothing: return .nothing
    case .search:
      guard let frame = shown, !prompt.text.isEmpty else { return .nothing }
      if let place = ListPanel.find(prompt.text, frame, self) {
        select(place)
      } else {
        note = "no row with '\(prompt.text)'"
      }
      return .nothing
    case .palette:
      switch Goto.command(prompt.text) {
      case .success(let command): return travel(command)
      case .failure:
        note = "goto where? \(Goto.forms)"
        return .nothing
      case nil: break
      }
      if let command = TraceCommand.command(prompt.text) { return trace(command) }
      let found = Palette.found(prompt.text, on: screen, over: overlay)
      return found.indices.contains(prompt.choice) ? act(found[prompt.choice].action) : .nothing
    }
  }
}
