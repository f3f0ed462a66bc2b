// The side of the stage: what has left the queues. Gs that wait for sockets, for their time, or for other Gs; Ms in system
// calls, each with its G; and what the other Ms do.
import Inspector
import Region

/// Draws the side of one stage.
struct StageSide {
  let stage: Stage
  let followed: UInt64?
  let glyphs: Glyphs

  /// The rows of the places at the side. A system call without a row of its own has the row that counts all calls.
  func rows(in rect: Rect) -> [StagePlace: Int] {
    var rows: [StagePlace: Int] = [.sockets: rect.y, .timers: rect.y + 1, .others: rect.y + 2]
    for m in stage.snapshot.ms { rows[.call(m: m.id)] = rect.y + 3 }
    for (index, m) in calls(in: rect).enumerated() { rows[.call(m: m.id)] = rect.y + 4 + index }
    return rows.filter { $0.value < rect.maxY }
  }

  private var inCalls: [Snapshot.M] { stage.snapshot.ms.filter { $0.state == .syscall } }

  /// The Ms in system calls that have a row.
  private func calls(in rect: Rect) -> ArraySlice<Snapshot.M> { inCalls.prefix(max(0, rect.height - 10)) }

  func draw(in rect: Rect, hidden: Int, on canvas: inout Canvas) {
    let (gs, place) = (stage.snapshot.gs, followed.flatMap { stage.place(of: $0) })
    let sockets = gs.waiting(in: .netpoll)
    let asleep = gs.waiting(in: .sleep)
    let waiting = gs.waiting.values.reduce(0, +)
    let all: [(name: String, count: Int, places: Set<StagePlace>, meaning: Meaning)] = [
      ("netpoll", sockets, [.sockets], .outside), ("timers", asleep, [.timers], .parked),
      ("other waits", waiting - sockets - asleep, [.others], .parked),
      ("in calls", inCalls.count, Set(inCalls.map { .call(m: $0.id) }), .call),
    ]
    for (index, row) in all.enumerated() {
      let isHere = place.map(row.places.contains) == true
      var text = StyledText(Quantity.grouped(row.count), row.count == 0 ? .dim : .strong)
      text.append(" \(row.name)", row.count == 0 ? .dim : row.meaning.style)
      if isHere, let followed { text.append(" G\(followed)", .selected) }
      write(text, rect, index, on: &canvas)
    }
    var row = all.count
    for m in calls(in: rect) {
      var text = StyledText("  M\(m.id) ", Meaning.call.style)
      if let g = m.g { text.append("G\(g)", g == followed ? .selected : .strong) }
      write(text, rect, row, on: &canvas)
      row += 1
    }
    row += 1
    for text in threads + following(place) + more(hidden) {
      write(text, rect, row, on: &canvas)
      row += 1
    }
  }

  private func write(_ text: StyledText, _ rect: Rect, _ row: Int, on canvas: inout Canvas) {
    guard row < rect.height else { return }
    canvas.write(text, x: rect.x + 1, y: rect.y + row, width: rect.width - 1, glyphs: glyphs)
  }

  /// The Ms that hold no P, by what they do.
  private var threads: [StyledText] {
    let ms = stage.snapshot.ms
    func line(_ count: Int, _ word: String, _ meaning: Meaning) -> StyledText? {
      guard count > 0 else { return nil }
      var text = StyledText(counted(count, "M"), .strong)
      text.append(" \(word)", meaning.style)
      return text
    }
    return [
      line(ms.count { $0.state == .spinning }, "searching", .searching),
      line(ms.count { $0.state == .parked }, "asleep", .idle),
      line(ms.count { $0.state == .preemptWait }, "kept by a G", .preempted),
      line(ms.count { $0.state == .netpoll || $0.state == .standby }, "polling", .outside),
      line(ms.count { $0.state == .sysmon || $0.state == .gc }, "sysmon and gc", .runtime),
    ].compactMap { $0 }
  }

  private func following(_ place: StagePlace?) -> [StyledText] {
    guard let followed else { return [] }
    return [StyledText(), StyledText("G\(followed)", .selected), StyledText(words(place, followed), .text)]
  }

  private func words(_ place: StagePlace?, _ g: UInt64) -> String {
    func rank(_ gs: [UInt64?]) -> String { gs.firstIndex(of: g).map { ", place \($0 + 1)" } ?? "" }
    switch place {
    case .running(let p): return "runs on P\(p)"
    case .next(let p): return "is next on P\(p)"
    case .lrq(let p): return "on P\(p)'s LRQ" + rank(stage.queues?.queues(ofP: p).lrq ?? [])
    case .grq: return "on the GRQ" + rank(stage.queues?.grq.map(\.g) ?? [])
    case .sockets: return "waits for a socket"
    case .timers: return "sleeps"
    case .others: return "waits: " + (stage.gs[g]?.reason.word ?? "")
    case .call(let m): return "in a call, on M\(m)"
    case nil: return stage.gs[g] == nil ? "is gone" : "is not to be seen"
    }
  }

  private func more(_ hidden: Int) -> [StyledText] {
    hidden > 0 ? [StyledText(), StyledText("\(counted(hidden, "P")) more", .eager)] : []
  }
}
