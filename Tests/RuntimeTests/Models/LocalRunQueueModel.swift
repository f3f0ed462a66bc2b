// A model of the local run queue: an owner, a thief with a queue of its own, and a second thief that steals
// from either. See LocalRunQueue §4 for the steps; here each access to shared memory is one step.
//
// Gs are numbered from 1, so 0 means none. A G that somebody took to run it is in `taken`, once. At rest
// every pushed G is in exactly one place: taken, in a ring, in `runnext` or on the GRQ.

/// A safeguard that the model leaves out, to show that it is needed.
enum QueueFlaw: CaseIterable, Sendable {
  /// `push` publishes the tail before it stores the slot.
  case publishBeforeStore
  /// `push` does not check whether the ring is full.
  case noFullCheck
  /// `pop` moves head by a plain store.
  case popWithoutCompare
  /// `spill` moves head by a plain store.
  case spillWithoutCompare
  /// `steal` moves the victim's head by a plain store.
  case stealWithoutCompare
  /// A thief publishes its own tail before it has won the victim's head.
  case publishBeforeWinning
  /// `stealNext` takes `runnext` by a plain store.
  case stealNextWithoutCompare
  /// Positions wrap (at 8), so a head may compare equal although it has changed.
  case positionsComeRound
}

struct LocalRunQueueModel: Model {
  static let capacity = 4
  let flaw: QueueFlaw?
  /// `pushes`: Gs that the owner pushes or readies. `queued`: Gs that lie in its ring at the start.
  var pushes = 3
  var queued = 3
  /// Whether the owner also uses `runnext`.
  var usesNext = true
  /// How many operations the owner makes, and how many steals each thief makes.
  var ownerOperations = 5
  var steals = (first: 1, second: 1)

  struct Queue: Hashable {
    var head = 0
    var tail = 0
    var slots = [UInt8](repeating: 0, count: LocalRunQueueModel.capacity)
    var next: UInt8 = 0
  }

  /// The operation that an actor is in. The associated values are its registers.
  enum Step: Hashable {
    case idle
    case pushStore(UInt8, full: Bool)
    case pushPublish(UInt8)
    case pushStoreLate(UInt8)
    case spillWin(UInt8, head: Int, taken: [UInt8])
    case popRead(head: Int)
    case popWin(head: Int, taken: UInt8)
    case nextTake
    case stealTail(from: Int, head: Int)
    case stealCopy(from: Int, head: Int, count: Int, copied: [UInt8])
    case stealWin(from: Int, head: Int, copied: [UInt8])
    case stealPublish(count: Int)
    case nextWin(UInt8)
  }

  struct Actor: Hashable {
    var step = Step.idle
    var operationsLeft: Int
  }

  struct State: Hashable {
    /// Queue 0 is the owner's, queue 1 the first thief's.
    var queues = [Queue(), Queue()]
    var grq: [UInt8] = []
    /// `taken`: Gs that somebody runs. `twice`: a G that was taken twice; 0: none was.
    var taken: UInt32 = 0
    var twice: UInt8 = 0
    var pushed: UInt8
    /// Actor 0 is the owner; 1 and 2 are the thieves.
    var actors: [Actor]

    mutating func take(_ g: UInt8) {
      if taken & 1 << g != 0 || g == 0 { twice = max(g, 1) }
      taken |= 1 << g
    }
  }

  var start: State {
    var state = State(
      pushed: UInt8(queued),
      actors: [ownerOperations, steals.first, steals.second].map { Actor(operationsLeft: $0) })
    state.queues[0].tail = queued
    for index in 0..<queued { state.queues[0].slots[index] = UInt8(index + 1) }
    return state
  }

  func wrong(_ state: State) -> String? {
    state.twice == 0 ? nil : "G\(state.twice) was taken twice, or never was there"
  }

  func wrongAtRest(_ state: State) -> String? {
    var places = state
    for g in state.grq { places.take(g) }
    for queue in state.queues {
      if queue.next != 0 { places.take(queue.next) }
      var position = queue.head
      while position != queue.tail {
        places.take(queue.slots[position % Self.capacity])
        position = moved(position, by: 1)
      }
    }
    if places.twice != 0 { return "G\(places.twice) is in two places" }
    let all = (1 << (UInt32(state.pushed) + 1)) - 2 as UInt32
    return places.taken == all ? nil : "of \(state.pushed) Gs these are somewhere: \(places.taken)"
  }

  func steps(from state: State) -> [State] {
    ownerSteps(state) + thiefSteps(state, 1) + thiefSteps(state, 2)
  }

  func moved(_ position: Int, by count: Int) -> Int {
    flaw == .positionsComeRound ? (position + count) % 8 : position + count
  }

  func distance(_ head: Int, _ tail: Int) -> Int {
    flaw == .positionsComeRound ? (tail - head + 8) % 8 : tail - head
  }
}
