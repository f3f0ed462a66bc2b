// The most useful keys, at the bottom of the screen. They come from ActionTable, which also says what each key does.
//
// On a compact screen, the footer begins with the number of Ps for which there was no room.
import Inspector

struct Footer {
  var state: AppState
  var lanes: LaneWindow

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let note = lanes.hasNoteRow ? [] : lanes.hiddenNote(state.glyphs)
    Self.write(note + Self.keys(state), in: rect, glyphs: state.glyphs, on: &canvas)
  }

  /// The keys that the footer shows, most important first. If a user chose a refresh interval, its keys stand right
  /// after the keys of time, or before those of loads, so that people see that their key has changed something.
  static func keys(_ state: AppState) -> [StyledText] {
    var groups = ActionTable.footer(on: state.screen, over: state.overlay)
    if !state.hasEnded { groups.removeAll { $0.rank == ActionGroup.againRank } }
    if state.latest?.loads == nil { groups.removeAll { $0.rank == ActionGroup.loadRank } }
    // The keys that hold and step the scheduler are shown on the stage only, which is where people use them.
    if state.screen != .stage || state.shown?.snapshot.pace == nil || !(state.latest?.goesOn ?? true) {
      groups.removeAll { $0.rank == ActionGroup.paceRank }
    }
    if state.interval != AppState.usualInterval,
      let pace = groups.firstIndex(where: { $0.rows.first?.action == .slower }),
      let place = groups.firstIndex(where: {
        $0.rank == ActionGroup.loadRank || $0.rank > ActionGroup.timeRank
      })
    {
      groups.insert(groups.remove(at: pace), at: place)
    }
    return groups.flatMap { group in
      if group.rank == ActionGroup.loadRank { return loads(group, state) }
      var piece = StyledText(keys(of: group, state), .key)
      piece.append(" " + word(of: group, state), .dim)
      return [piece]
    }
  }

  /// Returns the keys that start and end loads, each with a word of its own. A load that runs is marked.
  private static func loads(_ group: ActionGroup, _ state: AppState) -> [StyledText] {
    group.rows.compactMap { row in
      guard case .load(let command) = row.action, let key = row.keys.first else { return nil }
      var piece = StyledText(key.name + " ", .key)
      let isRunning = command.load.map { state.latest?.loads?.running.contains($0) == true } ?? false
      if isRunning { piece.append(String(state.glyphs.dot), .badgeLive) }
      piece.append(command.word, isRunning ? .strong : .dim)
      return piece
    }
  }

  /// Writes the pieces that fit, closer together on a narrow screen.
  static func write(_ pieces: [StyledText], in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    canvas.writeFitting(
      pieces, x: rect.x, y: rect.y, width: rect.width, gap: rect.width >= 100 ? 3 : 2, glyphs: glyphs)
  }

  /// The group's keys. Without events there is nothing to step over, so the keys for steps are left out.
  private static func keys(of group: ActionGroup, _ state: AppState) -> String {
    guard state.shown?.snapshot.trace.enabled == false else { return group.footerKeys }
    let steps: [Action] = [.travel(.stepBack), .travel(.stepForward)]
    guard group.rows.contains(where: { steps.contains($0.action) }) else { return group.footerKeys }
    return group.rows.filter { !steps.contains($0.action) }.compactMap(\.keys.first?.name)
      .joined(separator: " ")
  }

  /// The word beside the group's keys. Where a key has an effect that can be shown (the interval), the word
  /// shows the effect.
  private static func word(of group: ActionGroup, _ state: AppState) -> String {
    switch group.rows.first?.action {
    case .pause where state.isPaused: "resume"
    case .slower:
      "every " + TimeText.exact(UInt64(state.interval) * 1_000_000)
    default: group.footer
    }
  }
}

extension LoadCommand {
  /// The load that the command is about; nil: the command is about all loads.
  fileprivate var load: Load? { if case .toggle(let load) = self { load } else { nil } }

  fileprivate var word: String {
    switch self {
    case .calm: "calm"
    case .toggle(.connections): "crowd"
    case .toggle(let load): load.rawValue
    }
  }
}
