// A model of one direction of a poll descriptor: a G that reads, another that comes to read after it, a kernel that
// brings data, a poller that brings the news, somebody who closes, and somebody who cancels the scope of the first. See
// PollDescriptor for the states and their changes.
//
// The kernel is edge-triggered: each arrival is reported once, after the data is there, and never again. A G reads until
// there is nothing left, waits, and reads again; it ends when the descriptor is closed, and the first when it finds its
// scope cancelled, which it may find out with news in its hands.
//
// Promises: no G is ever made ready while it is on its stack or twice; at rest none waits beside data that was reported,
// nor in a descriptor that was closed, nor in a scope that was cancelled; one that comes after the cancellation never
// ends the process, however far the first has got; two that want to wait at once always do.

/// A safeguard that is left out.
enum PollFlaw: CaseIterable, Sendable {
  /// The waiter announces itself as a parked G, while it still runs.
  case announceAsParked
  /// The commit stores, and overwrites what came meanwhile.
  case commitWithoutCompare
  /// The announcement stores, and overwrites news.
  case announceWithoutCompare
  /// News that finds nobody is dropped.
  case dropNews
  /// The poller takes the G by a plain store, after a look.
  case unblockWithoutCompare
  /// The closer wakes first and sets the flag after.
  case wakeBeforeFlag
  /// The waiter does not look at the flags after it announced itself.
  case noLookAfterAnnouncing
  /// A G that goes on stores `nothing`, whoever stands there.
  case concludeByStore
  /// An announcement has no name: a commit takes any.
  case namelessAnnouncement
  /// A G that finds itself cancelled keeps the news.
  case keepsNews
  /// It puts news back without waking who waits for it now.
  case returnsNewsSilently
  /// It looks whether it is cancelled before it takes the news, and not after.
  case looksTooEarly
  /// Whoever finds another in the word ends the process.
  case fatalAtSight
  /// Whoever finds another in the word takes its place, even if it is cancelled itself.
  case displacesBlindly
  /// Whoever is displaced is not made ready.
  case displacedSleeps
  /// Whoever goes on and finds another in the word takes itself for displaced.
  case followedMeansDisplaced
  /// Whoever finds that another took its place goes home.
  case displacedKeepsQuiet
}

struct PollModel: Model {
  let flaw: PollFlaw?
  let course: Course
  var arrivals: Int { course == .handOver(closes: true) ? 1 : 2 }

  enum Course: Hashable, Sendable {
    /// One G.
    case alone(closes: Bool)
    /// The second begins when the flag of the first's scope is set, be the canceller done or not.
    case handOver(closes: Bool)
    /// Two at once, and nobody cancels.
    case both

    static let all: [Course] = [
      .alone(closes: true), .alone(closes: false), .handOver(closes: true), .handOver(closes: false), .both,
    ]
  }

  /// The word.
  enum Side: Hashable {
    case nothing, ready
    case announced(Int)
    case parked(Int)

    var owner: Int? {
      switch self {
      case .nothing, .ready: nil
      case .announced(let name), .parked(let name): name
      }
    }
  }

  /// A G, on its stack and off it.
  enum At: Hashable {
    case outside
    case read
    /// Says in which side it waits, for the canceller.
    case publish
    case lookEarly
    case announce
    /// Saw `nothing` and will store (flawed).
    case announceStore
    /// Saw another there: is it cancelled itself?
    case lookAtScope(Side)
    case takePlace(Side)
    /// Notes whose place it took, then makes that one ready.
    case displace(Int)
    case wake(Int)
    case lookAtFlags
    /// On its way off the stack; then parked until somebody makes it ready.
    case leave
    case commit
    case parked
    case conclude
    /// Is it cancelled? With what it found.
    case lookLate(Found)
    case giveBack
    case wakeNext(Int)
    case check(Found)
    case ended
  }

  enum Found: Hashable { case news, nothing, displacement }

  /// Somebody who changes the word from outside: what he saw, and the G that he has taken.
  enum Visitor: Hashable {
    case idle
    case lookForSide
    case look
    case change(Side)
    case makeReady(Int)
    case flagLate
    case done
  }

  struct Reader: Hashable {
    var at = At.outside
    /// Whether the G is on its stack: nobody may enter it.
    var isOnStack = true
    /// Times that it has been made ready and not yet gone on.
    var readied = 0
  }

  struct State: Hashable {
    var side = Side.nothing
    var closed = false
    var cancelled = false
    /// Whether a canceller of the first would find the side.
    var published = false
    var data = 0
    /// Who was displaced last, and has not noticed yet.
    var displaced: Int?
    /// Reports on their way from the kernel to the poller.
    var reports = 0
    var arrivalsLeft: Int
    var first = Reader(at: .read)
    var second = Reader()
    var poller = Visitor.idle
    var closer: Visitor
    var canceller: Visitor
    /// Whether the process was ended for two that wait at once.
    var fatal = false
    var wrong: String?

    subscript(name: Int) -> Reader {
      get { name == 0 ? first : second }
      set { if name == 0 { first = newValue } else { second = newValue } }
    }

    mutating func ready(_ name: Int) {
      self[name].readied += 1
      if self[name].isOnStack { wrong = "made ready while it was on its stack" }
      if self[name].readied > 1 { wrong = "made ready twice" }
    }
  }

  var start: State {
    var (closes, hands) = (false, false)
    switch course {
    case .alone(let c): closes = c
    case .handOver(let c): (closes, hands) = (c, true)
    case .both: break
    }
    var state = State(
      arrivalsLeft: arrivals, closer: closes ? .idle : .done, canceller: hands ? .idle : .done)
    if course == .both { state.second.at = .read }
    return state
  }

  func wrong(_ state: State) -> String? {
    if state.fatal, course != .both { return "ends the process for one waiter" }
    return state.wrong
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.fatal { return nil }
    for name in 0..<2 where state[name].at == .parked {
      if state.closed { return "waits in a closed descriptor" }
      if name == 0, state.cancelled { return "waits in a cancelled scope" }
      if state.data > 0 { return "waits beside \(state.data) bytes" }
      if state.side.owner != name { return "waits outside of the word" }
    }
    return course == .both ? "two waiters, and nobody says so" : nil
  }

  func steps(from state: State) -> [State] {
    if state.fatal { return [] }
    var all = [readerStep(state, 0), readerStep(state, 1)].compactMap { $0 }
    if state.arrivalsLeft > 0 {
      var next = state
      (next.arrivalsLeft, next.data, next.reports) = (
        state.arrivalsLeft - 1, state.data + 1, state.reports + 1
      )
      all.append(next)
    }
    if let next = visit(state, \.poller, brings: .ready, begins: state.reports > 0) { all.append(next) }
    if let next = visit(state, \.closer, brings: .nothing, begins: true) { all.append(next) }
    if let next = visit(state, \.canceller, brings: .nothing, begins: true) { all.append(next) }
    return all
  }
}
