// All models in one table: how many states each has, and that each of its mutants (the protocol without one
// safeguard) is killed. `make mutants` prints the table. The models' own suites check the same one by one.
import Foundation
import Testing

/// A model from which safeguards can be taken away.
protocol MutableModel: Model {
  associatedtype Flaw: CaseIterable
  /// The protocol as it is, in one or more sizes.
  static var whole: [Self] { get }
  /// The protocol without a safeguard, in sizes of which at least one shows that something is wrong.
  static func mutants(_ flaw: Flaw) -> [Self]
  /// Whether an end must be reachable from every state.
  static var mustEnd: Bool { get }
}

extension MutableModel {
  static var mustEnd: Bool { false }

  /// One line of the table, and what is wrong with the model.
  static func row(_ name: String) -> (text: String, problems: [String]) {
    func look(_ model: Self) -> Exploration { mustEnd ? model.exploreToTheEnd() : model.explore() }
    let found = whole.map(look)
    let survivors = Flaw.allCases.filter { flaw in mutants(flaw).allSatisfy { look($0).flaw == nil } }
    let all = Flaw.allCases.count
    let states = found.map(\.states).reduce(0, +)
    return (
      "mutants: \(name) | \(states) | \(all) | \(all - survivors.count)",
      found.compactMap(\.flaw) + survivors.map { "\($0) survives" }
    )
  }
}

extension LocalRunQueueModel: MutableModel {
  static var whole: [Self] {
    [1, 2, 4].map { Self(flaw: nil, pushes: 2, queued: $0, ownerOperations: 4) }
  }
  static func mutants(_ flaw: QueueFlaw) -> [Self] { [mutant(flaw)] }
}

extension SpinningModel: MutableModel {
  static var whole: [Self] {
    [(2, 3, 1), (3, 2, 1), (3, 1, 2)].map { Self(flaw: nil, procs: $0.0, submits: $0.1, injects: $0.2) }
      + [(2, 2, 1), (3, 1, 1)].map {
        Self(flaw: nil, procs: $0.0, submits: $0.1, injects: $0.2, failures: 1, spares: 1)
      }
      + [(2, 2, 1), (3, 2, 1)].map {
        Self(flaw: nil, procs: $0.0, submits: $0.1, injects: $0.2, ends: 2)
      }
  }
  static func mutants(_ flaw: SpinningFlaw) -> [Self] {
    let changes = SpinningFlaw.ofFailures.contains(flaw) ? 1 : 0
    let ends = SpinningFlaw.ofEnds.contains(flaw) ? 1 : 0
    return [Self(flaw: flaw, failures: changes, spares: changes, ends: ends)]
  }
}

extension EndingModel: MutableModel {
  static var whole: [Self] { [Self(flaw: nil)] }
  static func mutants(_ flaw: EndingFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension CancellationModel: MutableModel {
  static var whole: [Self] { [true, false].map { Self(flaw: nil, hasTimer: $0) } }
  static func mutants(_ flaw: CancellationFlaw) -> [Self] {
    [true, false].map { Self(flaw: flaw, hasTimer: $0) }
  }
}

extension ProcsModel: MutableModel {
  static var whole: [Self] { ProcsModelTests.scenarios }
  static func mutants(_ flaw: ProcsFlaw) -> [Self] {
    ProcsModelTests.scenarios.map {
      Self(
        flaw: flaw, ps: $0.ps, changes: $0.changes, submits: $0.submits, injects: $0.injects,
        syscalls: $0.syscalls)
    }
  }
}

extension UringWatchModel: MutableModel {
  static var whole: [Self] { [true, false].map { Self(flaw: nil, arrivals: 3, ends: 3, unregisters: $0) } }
  static func mutants(_ flaw: UringWatchFlaw) -> [Self] {
    [false, true].map { Self(flaw: flaw, unregisters: $0) }
  }
}

extension UringSleepModel: MutableModel {
  static var whole: [Self] { [Self(flaw: nil, breaks: 3, ends: 3)] }
  static func mutants(_ flaw: UringSleepFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension IOCPArmModel: MutableModel {
  static var whole: [Self] { [true, false].map { Self(flaw: nil, arrivals: 3, unregisters: $0) } }
  static func mutants(_ flaw: IOCPArmFlaw) -> [Self] {
    [false, true].map { Self(flaw: flaw, unregisters: $0) }
  }
}

extension IOCPSleepModel: MutableModel {
  static var whole: [Self] { [Self(flaw: nil, breaks: 4, news: 2)] }
  static func mutants(_ flaw: IOCPSleepFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension AwaitModel: MutableModel {
  static var whole: [Self] { [true, false].map { Self(flaw: nil, cancels: $0) } }
  static func mutants(_ flaw: AwaitFlaw) -> [Self] { [false, true].map { Self(flaw: flaw, cancels: $0) } }
}

extension HomeModel: MutableModel {
  static var whole: [Self] { [Self(flaw: nil)] }
  static func mutants(_ flaw: HomeFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension OutsideModel: MutableModel {
  static var whole: [Self] { [Self(flaw: nil)] }
  static func mutants(_ flaw: OutsideFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension AnnouncedSleepModel: MutableModel {
  static var whole: [Self] { [Self(flaw: nil)] }
  static func mutants(_ flaw: AnnouncedSleepFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension HastenModel: MutableModel {
  static var whole: [Self] {
    [[[3, 1], [2, never, 2]], [[3], [2], [1]], [[4, 3, 2, 1], [2, never, 1]]].map {
      Self(flaw: nil, courses: $0)
    }
  }
  static func mutants(_ flaw: HastenFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension ParkModel: MutableModel {
  static var whole: [Self] { [1, 2, 3].map { Self(flaw: nil, wakers: $0, ms: 3) } }
  static func mutants(_ flaw: ParkFlaw) -> [Self] { [Self(flaw: flaw, rests: flaw == .givesBackLate)] }
}

extension PollModel: MutableModel {
  static var whole: [Self] { Course.all.map { Self(flaw: nil, course: $0) } }
  static func mutants(_ flaw: PollFlaw) -> [Self] { Course.all.map { Self(flaw: flaw, course: $0) } }
}

extension DeadlineModel: MutableModel {
  static var whole: [Self] { Course.all.map { Self(flaw: nil, course: $0, arrivals: 2) } }
  static func mutants(_ flaw: DeadlineFlaw) -> [Self] {
    Course.all.flatMap { course in [0, 1].map { Self(flaw: flaw, course: course, arrivals: $0) } }
  }
}

extension DeadlockModel: MutableModel {
  static var whole: [Self] { scenes.map { Self(flaw: nil, scene: $0) } }
  static func mutants(_ flaw: DeadlockFlaw) -> [Self] { scenes.map { Self(flaw: flaw, scene: $0) } }
  static var mustEnd: Bool { true }
}

extension SyscallModel: MutableModel {
  static var whole: [Self] { [[2, 2], [3, 1], [1, 1, 1]].map { Self(flaw: nil, calls: $0) } }
  static func mutants(_ flaw: SyscallFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension PreemptionModel: MutableModel {
  static var whole: [Self] { [true, false].map { Self(flaw: nil, needsLock: $0) } }
  static func mutants(_ flaw: PreemptionFlaw) -> [Self] { [Self(flaw: flaw)] }
  static var mustEnd: Bool { true }
}

extension DriftModel: MutableModel {
  static var whole: [Self] { [0, 1, 2].map { Self(flaw: nil, sleeps: 2, asks: $0) } }
  static func mutants(_ flaw: DriftFlaw) -> [Self] { [Self(flaw: flaw)] }
  static var mustEnd: Bool { true }
}

extension CallSignalModel: MutableModel {
  static var whole: [Self] { [1, 2, 3].map { Self(flaw: nil, calls: $0) } }
  static func mutants(_ flaw: CallSignalFlaw) -> [Self] { [Self(flaw: flaw)] }
  static var mustEnd: Bool { true }
}

extension LaneModel: MutableModel {
  static var whole: [Self] { [2, 3, 4].map { Self(flaw: nil, records: $0) } }
  static func mutants(_ flaw: LaneFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension LookoutModel: MutableModel {
  static var whole: [Self] { [1, 2].map { Self(flaw: nil, handlers: $0) } }
  static func mutants(_ flaw: LookoutFlaw) -> [Self] { [Self(flaw: flaw)] }
}

extension ClaimModel: MutableModel {
  static var whole: [Self] {
    [true, false].flatMap { cancels in
      [true, false].map { Self(flaw: nil, cancels: cancels, hasTimers: $0, sends: 3) }
    }
  }
  static func mutants(_ flaw: ClaimFlaw) -> [Self] { [false, true].map { Self(flaw: flaw, hasTimers: $0) } }
}

@Suite(
  "Mutants of the runtime's models", .enabled(if: ProcessInfo.processInfo.environment["MPG_MUTANTS"] != nil))
struct MutantsTests {
  @Test("every model holds, and every mutant is killed")
  func mutantsDie() {
    let rows = [
      LocalRunQueueModel.row("local run queue: push, pop, steal, overflow"),
      SpinningModel.row("spinning: submit, sleep, wake"),
      EndingModel.row("threads that end, and Ms that go on with others"),
      AnnouncedSleepModel.row("announced sleep of the netpoll thread"),
      HastenModel.row("timers of others end the netpoll thread's wait"),
      ParkModel.row("park and ready, commit after the switch"),
      PollModel.row("netpoll: ready, park, close, one waiter after the other"),
      DeadlineModel.row("netpoll: deadlines and their timers"),
      DeadlockModel.row("deadlock: the verdict, and when it is spoken"),
      SyscallModel.row("system calls: exit, retake, count of Ms"),
      PreemptionModel.row("preemption: request, border, loan, hand-over"),
      DriftModel.row("drift: threads that sleep lose their P"),
      CallSignalModel.row("system calls and the signal of preemption"),
      LaneModel.row("lanes: words that go with records"),
      LookoutModel.row("HTTP: who watches the clients of slow handlers"),
      ClaimModel.row("claims: select, time-out, cancel"),
      CancellationModel.row("cancellation: scopes below scopes"),
      ProcsModel.row("procs: retiring and reviving a P"),
      UringWatchModel.row("io_uring: watches that end and are set up anew"),
      UringSleepModel.row("io_uring: sleeping and being woken"),
      IOCPArmModel.row("completion port: polls that each wait begins anew"),
      IOCPSleepModel.row("completion port: sleeping and being woken"),
      AwaitModel.row("await: an async function ends, or is cancelled"),
      HomeModel.row("home: a job that keeps its thread"),
      OutsideModel.row("outside: threads that are no M"),
    ]
    for row in rows { print(row.text) }

    #expect(rows.flatMap(\.problems).isEmpty)
  }
}
