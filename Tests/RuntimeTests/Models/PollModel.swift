// A model of one direction of a poll descriptor. The actors are a G that reads, a second G that comes to read
// after it, a kernel that brings data, a poller that brings news of data, a closer, and a canceller of the
// first G's scope. See PollDescriptor for the states and their changes.
//
// The kernel is edge-triggered: it reports each arrival once, after the data is there, and never again. A G
// reads until nothing is left, waits, and reads again. It ends when the descriptor is closed. The first G
// also ends when it finds its scope cancelled, which may happen while it holds news.
//
// Promises: no G is ever made ready while it is on its stack, or twice. At rest no G waits although reported
// data is there, the descriptor is closed, or its scope is cancelled. A G that comes after the cancellation
// never ends the process, however far the first G has got. Two Gs that want to wait at once always do end it.

/// A safeguard that the model leaves out, to show that it is needed.
enum PollFlaw: CaseIterable, Sendable {
  /// The waiter announces itself as parked while it still runs.
  case announceAsParked
  /// The commit is a plain store, and overwrites what came meanwhile.
  case commitWithoutCompare
  /// The announcement is a plain store, and overwrites news.
  case announceWithoutCompare
  /// News is dropped if no G waits.
  case dropNews
  /// The poller takes the G by a load and a plain store.
  case unblockWithoutCompare
  /// The closer wakes first and sets the flag afterwards.
  case wakeBeforeFlag
  /// The waiter does not look at the flags after it announced itself.
  case noLookAfterAnnouncing
  /// A G that goes on stores `nothing`, whatever the word holds.
  case concludeByStore
  /// The announcement has no name, so a commit takes any G's announcement.
  case namelessAnnouncement
  /// A G that finds itself cancelled keeps the news for itself.
  case keepsNews
  /// A cancelled G puts news back without waking the G that waits now.
  case returnsNewsSilently
  /// A G checks whether it is cancelled only before it takes the news, and not afterwards.
  case looksTooEarly
  /// A G that finds another G in the word ends the process.
  case fatalAtSight
  /// A G that finds another G in the word takes its place, even if it is cancelled itself.
  case displacesBlindly
  /// A displaced G is not made ready.
  case displacedSleeps
  /// A G that goes on and finds another G in the word believes that it was displaced.
  case followedMeansDisplaced
  /// A G that finds that another took its place ends quietly.
  case displacedKeepsQuiet
}

struct PollModel: Model {
  let flaw: PollFlaw?
  let course: Course
  var arrivals: Int { course == .handOver(closes: true) ? 1 : 2 }

  enum Course: Hashable, Sendable {
    /// One G only.
    case alone(closes: Bool)
    /// The second G begins when the flag of the first one's scope is set, whether the canceller is done or
    /// not.
    case handOver(closes: Bool)
    /// Two Gs at once, and no canceller.
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

  /// The step of a G, on its stack or off it.
  enum At: Hashable {
    case outside
    case read
    /// Publishes in which side the G waits, for the canceller.
    case publish
    case lookEarly
    case announce
    /// The G saw `nothing` and will store (only with a flaw).
    case announceStore
    /// The G saw another G in the word: is it cancelled itself?
    case lookAtScope(Side)
    case takePlace(Side)
    /// Notes whose place it took, then makes that G ready.
    case displace(Int)
    case wake(Int)
    case lookAtFlags
    /// Leaves its stack. After the commit it is parked until it is made ready.
    case leave
    case commit
    case parked
    case conclude
    /// Is the G cancelled? The value is what it found.
    case lookLate(Found)
    case giveBack
    case wakeNext(Int)
    case check(Found)
    case ended
  }

  enum Found: Hashable { case news, nothing, displacement }

  /// The step of an actor that changes the word from outside: what it saw, and the G that it has taken.
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
    /// Whether the G is on its stack. Then no M may enter it.
    var isOnStack = true
    /// How often the G was made ready and has not gone on yet.
    var readied = 0
  }

  struct State: Hashable {
    var side = Side.nothing
    var closed = false
    var cancelled = false
    /// Whether a canceller of the first G would find the side.
    var published = false
    var data = 0
    /// The G that was displaced last and has not noticed yet.
    var displaced: Int?
    /// Reports on their way from the kernel to the poller.
    var reports = 0
    var arrivalsLeft: Int
    var first = Reader(at: .read)
    var second = Reader()
    var poller = Visitor.idle
    var closer: Visitor
    var canceller: Visitor
    /// Whether the process was ended because two Gs wait at once.
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
