// The screens, in the order of the keys that show them.

/// A screen of the dashboard.
public enum ScreenID: Int, Sendable, CaseIterable {
  case overview = 1
  case ps = 2
  case gs = 3
  case ms = 4
  case steals = 5
  case netpoll = 6
  case timeline = 7
  case latency = 8
  case events = 9
  case tracer = 0
  case stage = 10

  /// The key that shows the screen. There are more screens than digits, so the stage has a letter.
  public var key: Unicode.Scalar { self == .stage ? "v" : Unicode.Scalar(UInt8(48 + rawValue)) }

  /// The name on the screen's tab.
  public var title: String {
    switch self {
    case .overview: "Overview"
    case .ps: "Ps"
    case .gs: "Gs"
    case .ms: "Ms"
    case .steals: "Steals"
    case .netpoll: "Netpoll"
    case .timeline: "Timeline"
    case .latency: "Latency"
    case .events: "Events"
    case .tracer: "Tracer"
    case .stage: "Stage"
    }
  }

  /// A shorter name, for tabs where room is short.
  var shortTitle: String {
    switch self {
    case .overview: "Over"
    case .steals: "Steal"
    case .netpoll: "Net"
    case .timeline: "Time"
    case .latency: "Lat"
    case .events: "Ev"
    case .tracer: "Trc"
    default: title
    }
  }

  /// The contents of the screen, in one sentence for its help.
  var summary: String {
    switch self {
    case .overview: "The whole scheduler at a glance."
    case .ps: "Each P: its M, its G, its queue, and what its time went to."
    case .gs: "Each G: what it does, for how long, and where it was spawned."
    case .ms: "Each M: what its thread does, for us and for the system."
    case .steals: "Which P takes Gs from which, and how often in vain."
    case .netpoll: "Gs that wait for sockets, and what the polls find."
    case .timeline: "What each P, or each M, did lately; time goes to the right."
    case .latency: "For how long ready Gs wait for a P, and whether they need to."
    case .events: "What happened last, on all Ps and Ms; the newest on top."
    case .tracer: "What tracing and looking cost, and whether anything was lost."
    case .stage: "Each G by name, on its P or its queue, and how it goes from one to another."
    }
  }

  /// The next screen or the one before; after the last screen comes the first.
  func neighbour(_ step: Int) -> ScreenID {
    let all = Self.allCases
    let place = all.firstIndex(of: self) ?? 0
    return all[(place + step + all.count) % all.count]
  }

  /// Whether the screen's main part is a list with a selected row.
  var isList: Bool {
    switch self {
    case .overview, .timeline, .latency, .stage: false
    default: true
    }
  }
}
