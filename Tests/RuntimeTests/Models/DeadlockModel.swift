// A model of the verdict that nothing will ever happen again (Deadlock §2 to §4). Sysmon reads one word after
// the other. Meanwhile Ms run Gs and put them aside, netpoll's thread finds news and fires timers, a foreign
// thread acts and ends, the gc thread borrows an idle P, and system calls return. Every step between "the
// kernel said so" and "the G is queued" is a step of its own, and so is every count.
//
// The promises: the verdict is spoken only if nothing can happen. If nothing can happen, then at rest the
// verdict has been spoken.
//
// Memory: all steps are atomic, in one order. The counts are published with release and read with acquire,
// each before the store that makes the G reachable; so a reading that saw an effect also sees its cause.
// Timers, idle Ps and the announcement are sequentially consistent, or under the scheduler's lock.

/// A safeguard that the model leaves out, to show that it is needed.
enum DeadlockFlaw: CaseIterable, Sendable {
  /// The check as it was first written: netpoll's thread, queues, Ps, and at last the Gs that wait for the
  /// network.
  case asFirstWritten
  /// Sysmon reads the counts only once.
  case readsOnce
  /// After the announcement, sysmon does not ask whether an M holds a P.
  case noLookAtPsFirst
  /// Between the two readings, sysmon does not ask whether an M holds a P.
  case noLookAtPs
  /// Sysmon asks whether an M holds a P only after the second reading.
  case looksAtPsLast
  /// Sysmon does not ask about timers.
  case noLookAtTimers
  case looksAtTimersLast
  /// Sysmon does not ask about foreign threads.
  case noLookOutside
  case looksOutsideLast
  /// A G that waits for the network counts as one that waits for another G.
  case netpollFromInside
  /// A G that sleeps counts as one that waits for another G.
  case sleepFromInside
  /// A firing timer is counted out before its effect is counted.
  case countedOutFirst
  /// A stopped timer stays counted for as long as it lies in the heap.
  case stoppedCounts
  /// The last timer fires and wakes no G, and nobody tells sysmon.
  case noWakeForQuiet
  /// Sysmon asks first, and announces its sleep afterwards.
  case asksBeforeAnnouncing
  /// After it saw something in motion, sysmon does not ask again.
  case movingForGood
  /// After it saw foreign threads, sysmon does not ask again.
  case foreignForGood
}

struct DeadlockModel: Model {
  let flaw: DeadlockFlaw?
  let scene: Scene
  private let questions: [Question]

  init(flaw: DeadlockFlaw?, scene: Scene) {
    (self.flaw, self.scene) = (flaw, scene)
    questions = flaw == .asFirstWritten ? Question.asFirstWritten : Question.all(flaw, lanes: scene.ps + 2)
  }

  enum Reason: Hashable, Sendable {
    /// Waits for another G.
    case inside
    /// Waits for another G, or until a timer is due.
    case select
    case netpoll
    case sleep
  }

  /// What a G does, one act after the other. Then the G ends.
  enum Act: Hashable, Sendable {
    case wait(Reason)
    case wake(Int)
    case call
    case stopAlarm
  }

  /// The actors of a scenario, and what they do.
  struct Scene: Sendable, CustomStringConvertible {
    var description: String
    var scripts: [[Act]]
    var ps = 1
    /// How often the network has news for a waiting G.
    var news = 0
    /// `hasAlarm`: a timer that starts a G. `hasTimeout`: a timer for which no G waits.
    var hasAlarm = false
    var hasTimeout = false
    var isForeign = false
    /// Whether the gc thread takes an idle P and gives it back.
    var flushes = false
  }

  /// Where a G is.
  enum Place: Hashable {
    case nowhere
    case queued
    case running
    /// Counted as waiting, but others cannot find it yet.
    case leaving(Reason)
    case waiting(Reason)
    /// Its wait was ended, but that is not counted yet.
    case claimed(Reason)
    /// Counted as runnable, but in no queue yet.
    case inHand
    case inCall
    case gone
  }

  /// An M, with its P or without.
  enum Worker: Hashable {
    case asleep
    case noting
    case searching
    case running(Int)
    case countsTimer(Int)
    case counts(Int)
    case commits(Int)
    case readies(Int, by: Int?)
    case queues(Int, by: Int?)
    case countsOut(Int)
    case tells(Int)
  }

  /// The steps of netpoll's thread, which also fires timers, and of the foreign thread.
  enum Helper: Hashable {
    case idle
    case readies(Int)
    case has(Int)
    case queues(Int)
    case acts(isAlarm: Bool)
    case countsOut(isAlarm: Bool)
    case tells(isAlarm: Bool)
    case done
  }

  enum Verdict: Hashable { case busy, alive, moving, foreign, dead }

  /// Where sysmon is: about to announce, at the n-th question, or asleep after an answer.
  enum Sysmon: Hashable {
    case announces
    case asks(Int)
    case sleeps(Verdict)
  }

  /// What a lane counts.
  enum Count: Int, CaseIterable { case created, exited, parked, readied }

  struct State: Hashable {
    var places: [Place]
    var pc: [Int]
    /// By G: its wait was ended before others could find it.
    var isEnded: [Bool]
    /// By G: wakes that came before the wait.
    var tokens: [Int]
    /// By G: the timer of its select is in the heap.
    var isTimed: [Bool]
    /// By G: it must count out a timer when it goes on.
    var hasTimer: [Bool]
    var workers: [Worker]
    var isIdle: [Bool]
    /// By lane: the Ps' lanes, then netpoll's, then the foreign thread's.
    var counts: [[Int]]
    var wakers = 0
    var hasAlarm: Bool
    var hasTimeout: Bool
    var newsLeft: Int
    var netpoll = Helper.idle
    var isDormant = true
    var foreign: Helper
    var flusher: Int?
    var flushesLeft: Int

    var sysmon = Sysmon.announces
    var isAnnounced = false
    var isRung = false
    /// The sums of the first reading, and of the second.
    var first = [0, 0, 0, 0]
    var second = [0, 0, 0, 0]
    var sawForeign = false
  }

  static let quiet = Scene(
    description: "two Gs that wait for ever", scripts: [[.wait(.inside)], [.wake(0), .wait(.inside)]], ps: 2)
  static let scenes = [
    Scene.pipe, quiet,
    Scene(
      description: "a G that goes to the network, and one that waits for it",
      scripts: [[.wait(.netpoll), .wake(1), .wait(.inside)], [.wait(.inside)]], news: 1),
    Scene(
      description: "a wake before the wait, and a call", scripts: [[.wait(.inside), .call], [.wake(0)]], ps: 2
    ),
    Scene(description: "a select with a timer", scripts: [[.wait(.select), .wait(.inside)]]),
    Scene(description: "a select that is won", scripts: [[.wait(.select), .wait(.inside)], [.wake(0)]]),
    Scene(description: "a sleeper", scripts: [[.wait(.sleep), .wait(.inside)]]),
    Scene(description: "an alarm", scripts: [[.wait(.inside)], []], hasAlarm: true),
    Scene(description: "a stopped alarm", scripts: [[.stopAlarm, .wait(.inside)], []], hasAlarm: true),
    Scene(description: "a time-out for nobody", scripts: [[.wait(.inside)]], hasTimeout: true),
    Scene(
      description: "a foreign thread", scripts: [[.wait(.inside), .call, .wait(.inside)]], isForeign: true),
    Scene(description: "caches are emptied", scripts: [[.wait(.inside)]], flushes: true),
  ]

  var start: State {
    let count = scene.scripts.count
    // The last G is the one that the alarm starts, if there is an alarm.
    let places = (0..<count).map { scene.hasAlarm && $0 == count - 1 ? Place.nowhere : .queued }
    let lanes = scene.ps + 2
    var counts = Array(repeating: [0, 0, 0, 0], count: lanes)
    counts[0][Count.created.rawValue] = places.count { $0 == .queued }
    return State(
      places: places, pc: Array(repeating: 0, count: count), isEnded: Array(repeating: false, count: count),
      tokens: Array(repeating: 0, count: count), isTimed: Array(repeating: false, count: count),
      hasTimer: Array(repeating: false, count: count),
      workers: Array(repeating: .asleep, count: scene.ps), isIdle: Array(repeating: true, count: scene.ps),
      counts: counts, wakers: (scene.hasAlarm ? 1 : 0) + (scene.hasTimeout ? 1 : 0), hasAlarm: scene.hasAlarm,
      hasTimeout: scene.hasTimeout, newsLeft: scene.news, foreign: scene.isForeign ? .idle : .done,
      flushesLeft: scene.flushes ? 1 : 0)
  }

  // MARK: promises

  func wrong(_ state: State) -> String? {
    guard state.sysmon == .sleeps(.dead), let reason = whatCanHappen(state) else { return nil }
    return "called a deadlock though \(reason)"
  }

  func wrongAtRest(_ state: State) -> String? {
    let live = state.places.contains { $0 != .gone && $0 != .nowhere }
    guard live, whatCanHappen(state) == nil, state.sysmon != .sleeps(.dead) else { return nil }
    return "a deadlock goes unreported: \(state.sysmon)"
  }

  private func whatCanHappen(_ state: State) -> String? {
    for (g, place) in state.places.enumerated() {
      switch place {
      case .nowhere, .gone, .waiting(.inside): continue
      case .waiting(.select) where !state.isTimed[g]: continue
      default: return "G\(g) is \(place)"
      }
    }
    if state.hasAlarm { return "an alarm is to come" }
    if case .acts(isAlarm: true) = state.netpoll { return "an alarm is on its way" }
    if case .countsOut(isAlarm: true) = state.netpoll, flaw == .countedOutFirst {
      return "an alarm is on its way"
    }
    return state.foreign == .done ? nil : "a foreign thread may act"
  }

  func steps(from state: State) -> [State] {
    if state.sysmon == .sleeps(.dead) { return [] }
    return state.workers.indices.flatMap { workerSteps(state, $0) } + netpollSteps(state)
      + foreignSteps(state)
      + flusherSteps(state) + callSteps(state) + sysmonSteps(state)
  }
}

extension DeadlockModel.Scene {
  static let pipe = DeadlockModel.Scene(
    description: "a G that reads what another process writes",
    scripts: [[.wait(.netpoll), .wait(.netpoll), .wait(.netpoll)]], news: 2)
}

// MARK: sysmon

/// What sysmon asks, one word at a time.
private enum Question: Sendable {
  case isQuiet
  case count(DeadlockModel.Count, lane: Int, again: Bool)
  case allWait
  case ps
  case timers
  case outside
  case isSame
  // Questions of the check as it was first written. What that check summed up is one step here.
  case isDormant
  case queues
  case calls
  case netpoll
  case verdict

  static let asFirstWritten = [isQuiet, isDormant, queues, calls, ps, netpoll, verdict]

  /// The questions in their order. Each of them may give the answer.
  static func all(_ flaw: DeadlockFlaw?, lanes: Int) -> [Question] {
    let reading = { (again: Bool) in
      (0..<lanes).flatMap { lane in DeadlockModel.Count.allCases.map { count($0, lane: lane, again: again) } }
    }
    let between: [(Question, without: DeadlockFlaw, last: DeadlockFlaw)] = [
      (ps, .noLookAtPs, .looksAtPsLast), (timers, .noLookAtTimers, .looksAtTimersLast),
      (outside, .noLookOutside, .looksOutsideLast),
    ]
    var all = flaw == .noLookAtPsFirst ? [] : [isQuiet]
    all += reading(false) + [allWait]
    all += between.filter { flaw != $0.without && flaw != $0.last }.map(\.0)
    if flaw != .readsOnce { all += reading(true) + [isSame] }
    return all + between.filter { flaw == $0.last }.map(\.0) + [verdict]
  }
}

extension DeadlockModel {
  /// The verdict, if this question decides it; nil: go on asking.
  private func ask(_ question: Question, _ state: inout State) -> Verdict? {
    let allIdle = state.isIdle.allSatisfy { $0 }
    switch question {
    case .isQuiet: return allIdle ? nil : .busy
    case .count(let count, let lane, let again):
      let value = state.counts[lane][count.rawValue]
      if again { state.second[count.rawValue] += value } else { state.first[count.rawValue] += value }
      return nil
    case .allWait:
      let live = state.first[Count.created.rawValue] - state.first[Count.exited.rawValue]
      let waiting = state.first[Count.parked.rawValue] - state.first[Count.readied.rawValue]
      return live > 0 && live == waiting ? nil : .alive
    case .ps: return allIdle ? nil : .moving
    case .timers: return state.wakers == 0 ? nil : .alive
    case .outside:
      state.sawForeign = state.foreign != .done
      return nil
    case .isSame: return state.first == state.second ? nil : .moving
    case .isDormant: return state.isDormant && state.wakers == 0 ? nil : .alive
    case .queues: return state.places.contains(.queued) ? .alive : nil
    case .calls: return state.places.contains(.inCall) ? .alive : nil
    case .netpoll:
      return state.places.contains { $0 == .waiting(.netpoll) || $0 == .leaving(.netpoll) } ? .alive : nil
    case .verdict: return state.sawForeign ? .foreign : .dead
    }
  }

  private func sysmonSteps(_ before: State) -> [State] {
    var state = before
    switch before.sysmon {
    case .announces:
      if flaw != .asksBeforeAnnouncing { state.isAnnounced = true }
      (state.first, state.second, state.sawForeign) = ([0, 0, 0, 0], [0, 0, 0, 0], false)
      state.sysmon = .asks(0)
    case .asks(let number):
      let answer = ask(questions[number], &state)
      state.sysmon = answer.map { .sleeps($0) } ?? .asks(number + 1)
      if flaw == .asksBeforeAnnouncing, answer != nil { state.isAnnounced = true }
    case .sleeps(let verdict):
      let asksAgain =
        verdict == .busy || verdict == .moving && flaw != .movingForGood
        || verdict == .foreign && flaw != .foreignForGood
      guard before.isRung || asksAgain else { return [] }
      (state.isRung, state.isAnnounced, state.sysmon) = (false, false, .announces)
    }
    return [state]
  }

  /// Wakes sysmon if it has announced its sleep.
  func ring(_ state: inout State) {
    if state.isAnnounced { (state.isAnnounced, state.isRung) = (false, true) }
  }
}
