// The frame around every screen: the line of the target, the tabs, and the footer with the keys, the filter
// and the line that is typed.
import Inspector

struct Chrome {
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var margin: Int { state.size.columns >= 60 ? 1 : 0 }

  func draw(on canvas: inout Canvas) {
    let width = state.size.columns - 2 * margin
    HeaderSection(frame: frame, state: state)
      .drawTarget(in: Rect(x: margin, y: 0, width: width, height: 1), on: &canvas)
    Self.drawTabs(state, on: &canvas)
  }

  // MARK: tabs

  /// Draws the line of tabs below the line of the target, with the shown screen marked.
  static func drawTabs(_ state: AppState, on canvas: inout Canvas) {
    for tab in tabs(state) {
      let isShown = tab.screen == state.screen
      canvas.write(isShown ? "[\(tab.text)]" : " \(tab.text) ", x: tab.x, y: 1, isShown ? .tab : .dim)
    }
  }

  struct Tab {
    var screen: ScreenID
    var text: String
    var x: Int
    var width: Int { text.count + 2 }
  }

  /// The tabs with whole names; where room is short, with short names, or with digits and only the shown
  /// screen's name.
  static func tabs(_ state: AppState) -> [Tab] {
    let forms: [(ScreenID) -> String] = [
      { "\($0.key) \($0.title)" }, { "\($0.key) \($0.shortTitle)" },
      { $0 == state.screen ? "\($0.key) \($0.title)" : "\($0.key)" },
    ]
    let width = state.size.columns
    func placed(_ form: (ScreenID) -> String) -> [Tab] {
      var x = 0
      return ScreenID.allCases.map { screen in
        let tab = Tab(screen: screen, text: form(screen), x: x)
        x += tab.width
        return tab
      }
    }
    let all = forms.map(placed)
    return all.first { ($0.last.map { $0.x + $0.width } ?? 0) <= width } ?? all[all.count - 1]
  }

  static func tab(_ state: AppState, x: Int) -> ScreenID? {
    tabs(state).first { x >= $0.x && x < $0.x + $0.width }?.screen
  }

  // MARK: the footer

  func drawFooter(on canvas: inout Canvas) {
    let rect = Rect(x: margin, y: state.size.rows - 1, width: state.size.columns - 2 * margin, height: 1)
    canvas.fill(rect)
    if let prompt = state.prompt { return drawPrompt(prompt, in: rect, on: &canvas) }
    var pieces = Messages(state: state).pieces
    if let step = StepText.line(frame, width: rect.width, glyphs: glyphs) { pieces.append(step) }
    if let recording = state.latest?.recording, recording.problem == nil {
      pieces.append(Self.text(of: recording))
    }
    let isFiltered = state.lists[state.screen]?.filter.isEmpty == false
    if isFiltered, let filter = state.lists[state.screen]?.filter {
      var text = StyledText("filter ", .dim)
      text.append(filter.source, .eager)
      if let problem = filter.problem { text.append("  \(problem)", .alarm) }
      pieces.append(text)
    }
    // A filter that is longer than the line is cut at its end. If it vanished, rows would be missing with no
    // visible reason.
    let room = rect.width - pieces.dropLast().reduce(0) { $0 + $1.width + 3 }
    if isFiltered, let filter = pieces.last, filter.width > room, room > 12 {
      pieces[pieces.count - 1] = filter.cut(to: room, ellipsis: glyphs.ellipsis)
    }
    Footer.write(pieces + Footer.keys(state), in: rect, glyphs: glyphs, on: &canvas)
  }

  private static func text(of recording: Frame.Recording) -> StyledText {
    var text = StyledText("REC ", .alarm)
    text.append(Quantity.compact(UInt64(clamping: recording.records)), .strong)
    text.append(" events ", .dim)
    text.append(Quantity.bytes(UInt64(clamping: recording.bytes)), .strong)
    return text
  }

  private func drawPrompt(_ prompt: Prompt, in rect: Rect, on canvas: inout Canvas) {
    let (name, hint) =
      switch prompt.kind {
      case .filter: ("filter: ", Self.filterHint(state.screen))
      case .search: ("go to: ", "some text of a row")
      case .palette: ("action: ", "some of its name; Up, Down, Enter. Or goto \(Goto.forms); trace 2s")
      case .nothing: ("filter: ", "")
      }
    var text = StyledText(name, .key)
    let room = max(4, rect.width - name.count - 2)
    text.append(String(prompt.text.suffix(room)), .strong)
    let used = canvas.write(text, x: rect.x, y: rect.y, width: rect.width - 1, glyphs: glyphs)
    canvas.put(Cell(" ", .selected), x: rect.x + used, y: rect.y)
    var note = StyledText()
    if prompt.kind == .filter, let problem = Filter(prompt.text).problem {
      note = StyledText(problem, .alarm)
    } else if prompt.kind == .nothing {
      note = StyledText("nothing to filter here; Esc", .alarm)
    } else if prompt.text.isEmpty {
      note = StyledText(hint, .dim)
    }
    let x = rect.x + used + 2
    canvas.write(note, x: x, y: rect.y, width: max(0, rect.maxX - x), glyphs: glyphs)
  }

  /// Examples of filters for a screen.
  static func filterHint(_ screen: ScreenID) -> String {
    switch screen {
    case .gs: "words, reason=netpoll age>1m site~about p=1 by=7 !state=running"
    case .netpoll: "words, fd=12 age>10s dir=write peer~10.0"
    case .ms: "words, state=syscall p=1 cpu>50%"
    case .ps: "words, state=idle lrq>100 use<50%"
    case .events: "words, kind=steal|overflow p=0 g=42 m=3 reason=mutex"
    default: "words"
    }
  }
}
