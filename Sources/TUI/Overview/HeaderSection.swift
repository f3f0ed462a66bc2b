// The lines at the top: the target, the screens, the Gs by state, and the rates.
import Inspector

struct HeaderSection {
  var frame: Frame
  var state: AppState
  private var snapshot: Snapshot { frame.snapshot }
  private var glyphs: Glyphs { state.glyphs }

  init(frame: Frame, state: AppState) {
    self.frame = frame
    self.state = state
  }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    var rows = rect
    drawTarget(in: rows.takeRows(1), on: &canvas)
    if state.isInteractive {
      _ = rows.takeRows(1)
      Chrome.drawTabs(state, on: &canvas)
    }
    drawGs(in: rows.takeRows(1), on: &canvas)
    drawRates(in: rows.takeRows(1), on: &canvas)
  }

  // MARK: The first line

  func drawTarget(in rect: Rect, on canvas: inout Canvas) {
    let badge = badges
    let left = rect.width - badge.width - 1
    let target = snapshot.target
    let name = TextWidth.sanitised(target.name, isASCII: glyphs.isASCII)
    var pieces: [StyledText] = []
    if rect.width >= 60 { pieces.append(StyledText("mpgtop", .heading)) }
    let shortName = TextWidth.truncated(name, to: max(8, left / 3), ellipsis: glyphs.ellipsis)
    pieces.append(StyledText(shortName, .strong))
    if let host = state.latest?.host {
      let words = TextWidth.sanitised(host, isASCII: glyphs.isASCII)
      pieces.append(
        labelled("on", TextWidth.truncated(words, to: max(8, left / 4), ellipsis: glyphs.ellipsis)))
    }
    if let pid = target.knownPid { pieces.append(labelled("pid", "\(pid)")) }
    if let uptime = snapshot.knownUptime { pieces.append(labelled("up", TimeText.short(uptime))) }
    pieces.append(labelled("procs", "\(snapshot.procs)"))
    canvas.writeFitting(
      pieces, x: rect.x, y: rect.y, width: left, gap: rect.width >= 60 ? 3 : 1, glyphs: glyphs)
    canvas.write(
      badge, x: rect.maxX - badge.width, y: rect.y, width: badge.width, glyphs: glyphs)
  }

  private func labelled(_ label: String, _ value: String) -> StyledText {
    var text = StyledText(label + " ", .dim)
    text.append(value, .strong)
    return text
  }

  private var badges: StyledText {
    var text = StyledText()
    if !state.isInteractive { return text }
    if let events = state.latest?.looking, events > 0 {
      text.append("\(Quantity.compact(events)) events ", .dim)
    }
    if let reading = state.latest?.reading { text.append("\(reading) ", .dim) }
    if let gap = frame.gap { text.append("\(gapWords(gap)) ", .dim) }
    if let ended = endedWord { text.append(" \(ended) ", .badgeEnded) }
    if state.isPaused { text.append(" PAUSED ", .badgePaused) }
    if let past = frame.past {
      let ago = TimeText.ago(past.last - min(past.last, past.time))
      text.append(" PAST \(ago) ", .badgePaused)
    }
    if let pace = paceWords { text.append(" \(pace) ", .badgePaused) }
    guard text.spans.allSatisfy({ $0.style == .dim }) else { return text }
    let word = snapshot.target.state == .booting ? "BOOTING" : "LIVE"
    text.append("\(glyphs.dot) \(word)", .badgeLive)
    return text
  }

  /// The last gap before the moment: how long it was, and how long ago it ended.
  private func gapWords(_ gap: HistoryGap) -> String {
    let ago = snapshot.time - min(snapshot.time, gap.to)
    let length = "gap \(TimeText.short(gap.length))"
    return state.size.columns < 100 ? length : "\(length), \(TimeText.short(ago)) ago"
  }

  /// How the scheduler is paced from outside; nil: it runs free. For a past moment: how it was paced at that moment.
  private var paceWords: String? {
    guard let pace = snapshot.pace, pace.isOn, endedWord == nil else { return nil }
    if pace.state == .held { return "\(glyphs.held) HELD" }
    return "\(glyphs.pointer) "
      + (pace.rate.map { $0 == 1 ? "1 decision/s" : "\(Quantity.grouped($0)) decisions/s" } ?? "SLOWED")
  }

  private var endedWord: String? {
    if snapshot.target.state == .crashed { return "CRASHED" }
    return snapshot.target.state == .exited || frame.ended != nil ? "ENDED" : nil
  }

  // MARK: The Gs

  /// Draws `Gs 512 = 2 running + 9 runnable + 501 netpoll` in the best form that fits. The parts always add
  /// up: groups without room are summed as `more`. Whole words are preferred while most groups still have
  /// room, else short words.
  private func drawGs(in rect: Rect, on canvas: inout Canvas) {
    let shares = snapshot.gs.shares(always: [.netpoll])
    let folded = stride(from: shares.count - 1, through: 2, by: -1).map { kept in
      let rest = shares[kept...].reduce(0) { $0 + $1.count }
      return shares[..<kept] + [GShare(word: "more", shortWord: "more", count: rest, style: .dim)]
    }
    var candidates = [sum(shares, .full)]
    candidates += folded.filter { $0.count > 3 }.map { sum(Array($0), .full) }
    candidates += [sum(shares, .short), sum(shares, .tight)] + folded.map { sum(Array($0), .tight) }
    var line = candidates.first { $0.width <= rect.width } ?? candidates[candidates.count - 1]
    let gs = snapshot.gs
    if let created = gs.created, let exited = gs.exited {
      let note = "   (\(Quantity.grouped(created)) created - \(Quantity.grouped(exited)) exited)"
      if line.width + TextWidth.columns(of: note) <= rect.width { line.append(note, .dim) }
    }
    canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
  }

  private enum Wording { case full, short, tight }

  private func sum(_ shares: [GShare], _ wording: Wording) -> StyledText {
    let gs = snapshot.gs
    let space = wording == .tight ? "" : " "
    func number(_ count: Int) -> String { wording == .full ? Quantity.grouped(count) : "\(count)" }
    var line = StyledText("Gs ", .dim)
    line.append(number(gs.live), .strong)
    if snapshot.isConsistent && gs.sumOfStates == gs.live {
      line.append("\(space)=\(space)", .dim)
    } else if snapshot.sampled != nil {
      // The counts of a sampled scheduler are of one look at all Gs. So they add up, though they are not of one instant.
      line.append("\(space)sampled\(space)=\(space)", .dim)
    } else {
      // No instant was found at which the groups of Gs add up to the number of live Gs. An equals sign would
      // then be wrong, so this stands in its place.
      line.append(" moving \(glyphs.about)\(space)", .eager)
      if wording == .full { line.append("\(number(gs.sumOfStates)) = ", .eager) }
    }
    for (index, share) in shares.enumerated() {
      if index > 0 { line.append("\(space)+\(space)", .dim) }
      line.append(number(share.count), .strong)
      let word = wording == .full ? share.word : share.shortWord
      line.append(" " + word, share.count > 0 ? share.style : .dim)
    }
    return line
  }

  // MARK: The rates

  private func drawRates(in rect: Rect, on canvas: inout Canvas) {
    if let ended = frame.ended {
      let reason = TextWidth.sanitised(ended, isASCII: glyphs.isASCII)
      let line = StyledText("target ended: \(reason); these are its last numbers", .alarm)
      canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
      return
    }
    if let doubt = frame.doubt {
      let line = StyledText(TextWidth.sanitised(doubt, isASCII: glyphs.isASCII), .eager)
      canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
      return
    }
    var pieces = trace.isAlarming ? [trace.text] : []
    pieces.append(rate(frame.switchesPerSecond, "switches/s", "sw/s", isShort: rect.width < 60))
    pieces.append(rate(frame.stealsPerSecond, "steals/s", "steals/s", isShort: rect.width < 60))
    pieces.append(rate(frame.spawnsPerSecond, "spawns/s", "spawns/s", isShort: rect.width < 60))
    if !trace.isAlarming { pieces.append(trace.text) }
    pieces += sampled
    pieces.append(rate(frame.wakeupsPerSecond, "netpoll wake-ups/s", "", isShort: false))
    canvas.writeFitting(
      pieces, x: rect.x, y: rect.y, width: rect.width, gap: rect.width >= 60 ? 3 : 1, glyphs: glyphs)
  }

  // MARK: The news

  /// Draws what happened lately and is worth a line.
  func drawNews(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    if let finding = frame.finding {
      let number = finding.count > 1 ? " \(finding.place + 1)/\(finding.count)" : ""
      var line = StyledText("!\(number) ", .alarm)
      line.append(TextWidth.sanitised(finding.text, isASCII: glyphs.isASCII), .strong)
      canvas.write(
        line.cut(to: rect.width, ellipsis: glyphs.ellipsis), x: rect.x, y: rect.y, width: rect.width,
        glyphs: glyphs)
      return
    }
    guard let news = frame.news else { return }
    var line = StyledText("\(glyphs.pointer) ", .eager)
    line.append(TextWidth.sanitised(news.text, isASCII: glyphs.isASCII), .strong)
    canvas.write(
      line.cut(to: rect.width, ellipsis: glyphs.ellipsis), x: rect.x, y: rect.y, width: rect.width,
      glyphs: glyphs)
  }

  private func rate(_ value: Double?, _ label: String, _ short: String, isShort: Bool) -> StyledText {
    var text = StyledText(Quantity.compact(value), .strong)
    text.append(" " + (isShort ? short : label), .dim)
    return text
  }

  /// What is known of a scheduler that is sampled: how long Gs were ready in the last second, and what the garbage
  /// collector does.
  private var sampled: [StyledText] {
    guard let sampled = snapshot.sampled else {
      let told = heap(frame.instruments?.heapLive, frame.instruments?.heapGoal)
      return told.isEmpty ? heap(frame.look?.sampled?.heapLive, frame.look?.sampled?.heapGoal) : told
    }
    var pieces: [StyledText] = []
    if let latency = sampled.runLatency {
      var text = labelled("ready for: p50", TimeText.short(latency.p50))
      text.append(" p99 ", .dim)
      text.append(TimeText.short(latency.p99), .strong)
      pieces.append(text)
    }
    if let phase = sampled.gcPhase, phase != "off" { pieces.append(labelled("GC", phase)) }
    return pieces + heap(sampled.heapLive, sampled.heapGoal)
  }

  /// How large the heap is, and how large it may become; empty: the source does not tell both.
  private func heap(_ live: UInt64?, _ goal: UInt64?) -> [StyledText] {
    guard let live, let goal else { return [] }
    var text = labelled("heap", Quantity.bytes(live))
    text.append(" of " + Quantity.bytes(goal), .dim)
    return [text]
  }

  /// The known facts about the events: their rate, or how many were lost.
  private var trace: (text: StyledText, isAlarming: Bool) {
    let trace = snapshot.trace
    if let lost = trace.lost, lost > 0 {
      return (StyledText("\(Quantity.grouped(lost)) events lost", .alarm), true)
    }
    if let absence = trace.absence {
      return (StyledText(absence == Knowledge.untraced ? "tracing off" : "no events", .eager), false)
    }
    let label = trace.lost == nil ? "events/s" : "events/s, none lost"
    return (rate(frame.eventsPerSecond, label, "events/s", isShort: false), false)
  }
}
