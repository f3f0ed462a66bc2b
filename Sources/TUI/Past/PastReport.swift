// The report of a past moment: which Gs ran, were ready, or waited and for what, and the last events of each
// lane.
//
// The report is text in lines of any length. Batch output and the overlay on the screen show the same text.
public import Inspector
import Region

/// The facts that a frame of the past holds besides its gauges, as lines of text.
public struct PastReport {
  private let frame: Frame
  private let past: Past

  /// Makes the report of a frame; nil: the frame is of now.
  public init?(_ frame: Frame) {
    guard let past = frame.past else { return nil }
    (self.frame, self.past) = (frame, past)
  }

  /// The most lines of Gs, or of groups of Gs, in each list of the report.
  private static let mostGroups = 40

  public var lines: [String] { [span] + gap + ran + ready + waited + events }

  /// The report's lines, cut to `width` columns.
  public func lines(width: Int, glyphs: Glyphs) -> [String] {
    Self.fitted(lines, width: width, glyphs: glyphs)
  }

  static func fitted(_ lines: [String], width: Int, glyphs: Glyphs) -> [String] {
    lines.map { line in
      let clean = TextWidth.sanitised(line, isASCII: glyphs.isASCII)
      return TextWidth.truncated(clean, to: width, ellipsis: glyphs.ellipsis)
    }
  }

  private var span: String {
    let ended = frame.ended.map { "\($0); " } ?? ""
    return "\(ended)\(TimeText.short(past.time - min(past.first, past.time))) after the first known moment, "
      + "\(TimeText.short(past.last - min(past.last, past.time))) before the last"
  }

  private var gap: [String] {
    if let absence = frame.snapshot.trace.absence { return [absence] }
    return past.missing == 0 ? [] : ["gap: \(missingText(past.missing)) shortly before this moment"]
  }

  // MARK: Gs

  private var ran: [String] {
    let running = past.goroutines.all.filter { $0.state == .running || $0.state == .syscall }
    let lines = running.prefix(Self.mostGroups).map { g in
      "  \(place(g))  G\(g.id)  \(g.state)  \(age(g))  \(g.entry ?? "?")"
    }
    return ["", "Ran: \(running.count)"] + lines
  }

  private func place(_ g: Goroutine) -> String { g.p.map { "P\($0)" } ?? "-" }

  private var ready: [String] {
    groups("Ready", past.goroutines.all.filter { $0.state == .runnable || $0.state == .preempted })
  }

  private var waited: [String] {
    groups("Waited", past.goroutines.all.filter { $0.state == .waiting })
  }

  /// The facts that all Gs of one line share. The name is made once per line, not once per G: there may be
  /// very many Gs.
  private struct Group: Hashable {
    var state: GState
    var reason: WaitReason?
    var entry: String?

    init(_ g: Goroutine) {
      (state, reason, entry) = (g.state, g.state == .waiting ? g.reason : nil, g.entry)
    }

    var name: String { "\(reason.map { "\($0)" } ?? "\(state)")  \(entry ?? "?")" }
  }

  /// The Gs as lines: one line for all Gs of the same state, reason and entry function, the largest group
  /// first.
  private func groups(_ title: String, _ gs: [Goroutine]) -> [String] {
    let groups = Dictionary(grouping: gs, by: Group.init).map { (key: $0.key.name, value: $0.value) }
    let sorted = groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    let lines = sorted.prefix(Self.mostGroups).map { name, gs in
      let longest = gs.min { ($0.since ?? .max) < ($1.since ?? .max) } ?? gs[0]
      let fd = longest.fd.map { ", fd \($0)" } ?? ""
      return "  \(gs.count)  \(name)  longest: G\(longest.id) \(age(longest))\(fd)"
    }
    let rest = sorted.count > Self.mostGroups ? ["  and \(sorted.count - Self.mostGroups) more groups"] : []
    return ["", "\(title): \(gs.count)"] + lines + rest
  }

  private func age(_ g: Goroutine) -> String {
    guard let since = g.since, since <= past.time else { return "-" }
    return TimeText.short(past.time - since)
  }

  // MARK: events

  private var events: [String] {
    past.lanes.flatMap { lane in
      ["", "Last events of \(lane.lane.name)"]
        + lane.events.map { "  \(before($0.time))  \($0.text)" }
    }
  }

  /// The time from an event to the report's moment.
  private func before(_ time: UInt64) -> String {
    let text = TimeText.before(past.time - min(time, past.time))
    return String(repeating: " ", count: max(0, 12 - text.count)) + text
  }
}
