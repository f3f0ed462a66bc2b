// The keys that lead to the subjects of an explanation. Explanations name subjects (`SeeAlso`); the keys are
// those of the table of actions, so a key that changes there changes here.
import Inspector
import Region

/// The keys that lead to a subject.
struct Route: Equatable {
  enum Step: Equatable {
    case press(Action, times: Int = 1)
    /// An action's key, pressed on a row that the person chooses.
    case pressOnOne(Action)
    /// Text for the line that the step before opened.
    case type(String)
  }

  /// The screen that the keys belong to.
  let screen: ScreenID
  /// The steps. The first one shows the screen, unless the person is there already.
  let steps: [Step]

  private init(_ screen: ScreenID, _ steps: Step...) {
    (self.screen, self.steps) = (screen, [.press(.show(screen))] + steps)
  }

  /// - Parameter before: the subject that was named before this one. The route begins where the route to that subject ends.
  init(to subject: SeeAlso, after before: SeeAlso? = nil) {
    switch subject {
    case .ps: self.init(.ps)
    case .ms: self.init(.ms)
    case .steals: self.init(.steals)
    case .sockets: self.init(.netpoll)
    case .timeline: self.init(.timeline)
    case .preemptions:
      self.init(.events, .press(.filter), .type("\(FilterField.kind):\(EventKind.goPreempt)"))
    case .longest(let kind):
      let rows = LatencyScreen.kinds.firstIndex(of: kind) ?? 0
      self.init(.latency, .press(.down, times: rows), .press(.why))
    case .gs(let reason): self.init(.gs, .press(.filter), .type("\(FilterField.reason):\(reason)"))
    case .gsByReason: self.init(.gs, .press(.group, times: GsMode.reasons.presses))
    case .gsBySpawnSite: self.init(.gs, .press(.group, times: GsMode.sites.presses))
    case .waitOfOne: self.init(toWaitOfOne: before)
    }
  }

  /// The keys that explain one G's wait, in a list of Gs. A row of a grouped list is a group, so Enter comes first.
  private init(toWaitOfOne before: SeeAlso?) {
    screen = before.map { Route(to: $0).screen } ?? .gs
    let isGrouped = before == .gsByReason || before == .gsBySpawnSite
    steps = (isGrouped ? [.press(.enter)] : []) + [.pressOnOne(.why)]
  }

  // MARK: in words

  /// The steps in words: `9, then / kind:goPreempt`; nil: an action on the way has no key.
  var words: String? {
    var parts: [String] = []
    for step in steps {
      switch step {
      case .press(_, times: 0): continue
      case .press(let action, let times):
        guard let key = key(of: action) else { return nil }
        parts.append(key.name + (times == 1 ? "" : " " + Quantity.times(times)))
      case .pressOnOne(let action):
        guard let key = key(of: action) else { return nil }
        parts.append(key.name + " on one")
      case .type(let text): parts.append((parts.popLast().map { $0 + " " } ?? "") + text)
      }
    }
    let last = parts.suffix(parts.count > 1 ? 1 : 0).map { ", then \($0)" }
    return parts.dropLast(last.count).joined(separator: ", ") + last.joined()
  }

  /// The first key of an action, which is the one that the help teaches; nil: the action has none.
  func key(of action: Action) -> Key? {
    ActionTable.groups(on: screen).flatMap(\.rows).first { $0.action == action }?.keys.first
  }

  /// A sentence that names the subjects and the keys that lead there: ` 6 shows Gs by the socket that they
  /// wait for; x on one tells why that G waits, …`. Empty if there is nowhere to go.
  static func sentence(to subjects: [SeeAlso]) -> String {
    var clauses: [String] = []
    for (index, subject) in subjects.enumerated() {
      let route = Route(to: subject, after: index > 0 ? subjects[index - 1] : nil)
      guard let way = route.words else { continue }
      let verb = subject == .waitOfOne ? "tells " : clauses.isEmpty ? "shows " : ""
      clauses.append("\(way)\(way.contains(",") ? "," : "") \(verb)\(subject.words)")
    }
    return clauses.isEmpty ? "" : " " + clauses.joined(separator: "; ") + "."
  }
}
