// Netpoll: the results of polls, the Ms that poll, and the Gs by the sockets for which they wait.
import Inspector
import Region

struct WaiterRow: TellsAll {
  var row: GRow
  var socket: Socket?
  var isWriting: Bool { row.g.reason == .netpollWrite }

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .peer: peer.map { .text($0) } ?? .none
    case .here: socket?.local.map { .text($0) } ?? .none
    default: row.value(of: field)
    }
  }

  func tells(_ word: FilterWord) -> Bool { row.tells(word) }

  func prints(_ word: FilterWord) -> Bool {
    row.prints(word) || word.isIn(isWriting ? "write" : "read")
      || [peer, socket?.local].contains { $0.map(word.isIn) ?? false }
  }

  /// The address of the other end; if there is none, the kind of the descriptor.
  private var peer: String? { socket?.isListening == true ? "listens" : socket?.peer ?? socket?.other }

  static func rows(_ frame: Frame, _ memos: ListMemos) -> Rows<WaiterRow> {
    let sockets = frame.detail.sockets ?? [:]
    let (rows, all) = (GRow.rows(frame), GRow.list(frame)?.all ?? [])
    let waiting = memos.waiters.answer(all) {
      all.indices.filter { all[$0].state == .waiting && all[$0].reason.group == .netpoll }.map(Int32.init)
    }
    return Rows(count: waiting.count) {
      let row = rows[Int(waiting[$0])]
      return WaiterRow(row: row, socket: row.g.fd.flatMap { sockets[$0] })
    }
  }
}

struct NetpollScreen: ListScreen {
  static let id = ScreenID.netpoll
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }

  var rows: Rows<WaiterRow> { WaiterRow.rows(frame, state.memos) }
  func key(of row: WaiterRow) -> UInt64 { row.row.g.id }
  func g(of row: WaiterRow) -> UInt64? { row.row.g.id }
  func subject(of row: WaiterRow) -> Subject? {
    row.row.g.fd.map { .descriptor($0, g: row.row.g.id) } ?? .g(row.row.g.id)
  }
  var emptyText: String {
    frame.detail.goroutines == nil && frame.past == nil
      ? "reading the table of Gs" : "no G waits for a socket"
  }

  var columns: [Column<WaiterRow>] {
    let idWidth = min(12, max(6, 1 + frame.snapshot.digitsOfG))
    let isLive = frame.past == nil
    var columns: [Column<WaiterRow>] = [
      .id("fd", 6, right: true, style: .strong) { $0.row.g.fd.map { UInt64(truncatingIfNeeded: $0) } },
      .text("for", 5) {
        StyledText($0.isWriting ? "write" : "read", Meaning.outside.style)
      }
      .sorted(ascending: true) { .text($0.isWriting ? "write" : "read") },
      .id("G", idWidth, letter: "G") { $0.row.g.id },
      .text("since", GRow.ageWidth(frame), right: true) { [glyphs] in $0.row.since(glyphs) }
        .sorted { $0.row.age.map { .number(Double($0)) } ?? .none },
    ]
    // A source that only samples the scheduler does not tell on which P a G ran last.
    if frame.snapshot.sampled == nil {
      columns.append(.id("P", 3, rank: 3, letter: "P") { $0.row.g.p.map { UInt64(truncatingIfNeeded: $0) } })
    }
    if isLive {
      columns.append(
        .text("peer", 21, rank: 1) { peer($0) }
          .sorted(ascending: true) { row in
            row.socket.flatMap { $0.isListening ? "listens" : $0.peer ?? $0.other }.map { .text($0) } ?? .none
          })
      columns.append(
        .text("here", 21, rank: 5) { StyledText($0.socket?.local ?? "", .dim) }
          .sorted(ascending: true) { $0.socket?.local.map { .text($0) } ?? .none })
    }
    if isLive, frame.detail.sockets?.values.contains(where: { $0.unread != nil }) == true {
      columns += [
        .number("unread", 7, rank: 4) { $0.socket?.unread.map { UInt64(clamping: $0) } },
        .number("unsent", 7, rank: 6) { $0.socket?.unacknowledged.map { UInt64(clamping: $0) } },
      ]
    }
    columns.append(
      .text("spawned at", 12, rank: 2, flexible: true) {
        [glyphs] row in
        StyledText(TextWidth.sanitised(row.row.g.entry ?? "", isASCII: glyphs.isASCII), .dim)
      }
      .sorted(ascending: true) { $0.row.g.entry.map { .text($0) } ?? .none })
    return columns
  }

  private func peer(_ row: WaiterRow) -> StyledText {
    guard let socket = row.socket else { return StyledText("", .faint) }
    if socket.isListening { return StyledText("listens", .heading) }
    if let peer = socket.peer { return StyledText(peer) }
    return StyledText(TextWidth.sanitised(socket.other ?? "", isASCII: glyphs.isASCII), .dim)
  }

  // MARK: the results of polls

  func head(width: Int, height: Int) -> [StyledText] {
    let netpoll = frame.snapshot.netpoll
    var lines = [
      StyledText.facts([
        ("backend", netpoll.backend.map { "\($0)" } ?? "-"), ("descriptors", Quantity.grouped(netpoll.fds)),
        ("parked", Quantity.grouped(netpoll.parked)),
        ("wake-ups/s", Quantity.compact(frame.wakeupsPerSecond)),
        ("Gs a wake-up", Self.mean(netpoll.readied, netpoll.wakeups)),
        ("by sysmon", netpoll.sysmonPolls.map { Quantity.compact($0) } ?? "-"),
      ])
    ]
    guard height > 2 else { return lines }
    // Only events tell the results of single polls.
    if let absence = frame.snapshot.trace.absence { return lines + [StyledText(absence, .dim)] }
    guard let polls = frame.detail.polls else { return lines }
    lines.append(pollers(polls))
    if height > 5 { lines += histogram(polls, width: width) }
    return lines
  }

  private static func mean(_ sum: UInt64?, _ count: UInt64?) -> String {
    guard let sum, let count, count > 0 else { return "-" }
    return Quantity.compact(Double(sum) / Double(count))
  }

  private func pollers(_ polls: Polls) -> StyledText {
    guard polls.count > 0 else { return StyledText("no poll has found anything since mpgtop attached", .dim) }
    func share(_ count: Int) -> String { Quantity.percent(Double(count) / Double(polls.count)) }
    var line = StyledText("last \(polls.count) polls  ", .dim)
    line.append(
      .facts([
        ("netpoll thread", share(polls.byThread)), ("searching Ms", share(polls.bySearching)),
        ("sysmon", share(polls.bySysmon)), ("largest batch", "\(polls.largest)"),
        ("within", TimeText.short(polls.last - min(polls.last, polls.first))),
      ]))
    return line
  }

  /// Counts polls by how many Gs each made ready: a bar and a label for each class, in two rows.
  private func histogram(_ polls: Polls, width: Int) -> [StyledText] {
    let largest = max(1, polls.batches.max() ?? 1)
    var (bars, labels) = (StyledText("Gs a poll ", .dim), StyledText("          ", .dim))
    for (index, count) in polls.batches.enumerated() {
      let steps = glyphs.levels.count
      let level = count == 0 ? 0 : max(1, Int((Double(count) / Double(largest) * Double(steps)).rounded()))
      let bar = level == 0 ? String(glyphs.ground) : String(glyphs.levels[level - 1])
      let cell = String(repeating: bar, count: 2) + " \(count)"
      let label = Polls.label(index)
      let room = max(7, max(cell.count, label.count) + 1)
      bars.append(String(repeating: bar, count: 2), count > 0 ? .amount : .faint)
      bars.append(" \(count)".padded(to: room - 2), count > 0 ? .text : .faint)
      labels.append(label.padded(to: room), .dim)
    }
    return [bars, labels]
  }
}
