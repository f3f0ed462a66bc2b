// The explanation of each kind of event says what really happens. Programs provoke every kind, the inspector
// explains one real occurrence of each, and the explanation's claims are compared with the events around it.
import CMPG
import Glibc
import Inspector
import Region
import TestSupport
import Testing

@testable import MPG

/// The claims about each kind, as words that the explanation must contain.
private let claims: [EventKind: [String]] = [
  .boot: ["before the program's own code"],
  .goCreate: ["becomes the next of the P that made it", "moves to the end of the LRQ"],
  .goStart: ["how long the G was ready before"],
  .goPark: ["its M goes on with another"],
  .goReady: ["on a run queue again", "Who ended the wait is named"],
  .goYield: [
    "goes to the end of its P's LRQ", "or of the GRQ where there are more Ps than CPUs",
    "after those before it",
  ],
  .goExit: ["is done"],
  .procStart: ["got a P"],
  .procStop: ["let go of its P"],
  .steal: ["takes half of another P's LRQ"],
  .overflow: ["A full LRQ (256)", "older half", "with the G that found no room"],
  .grqTake: ["takes Gs from the global run queue"],
  .mStart: ["A new thread begins to run"],
  .mPark: ["goes to sleep, without a P"],
  .mWake: ["A sleeping thread is woken", "a P to go on with"],
  .mSpin: ["has a P and nothing to run, and looks for work"],
  .mUnspin: ["stops searching"],
  .netpoll: ["found descriptors ready"],
  .timers: ["made their Gs ready"],
  .gcStart: ["no heap to mark"],
  .gcEnd: ["no heap to mark"],
  .goPreempt: [
    "after a grain (1 ms)", "after a slice (10 ms)", "the worn line of the GRQ",
    "keeps its thread until then",
  ],
  .goResume: ["handed its P to the thread that the G keeps"],
  .goSyscall: ["Its P may be taken away", "lasts a slice (10 ms)"],
  .goSyscallExit: ["with the P that it had", "else it queues on the GRQ"],
  .retake: ["Sysmon took a P from a thread that sleeps in the kernel", "another M goes on with it"],
  .preemptRequest: ["since its G has had its turn and others wait", "after a grain (1 ms)"],
  .procsChange: ["number of Ps was changed"],
  .procRetire: ["A P beyond the new number was stopped", "went to the GRQ"],
  .shortage: ["had no more of something", "tries again"],
  .lend: ["No P moved for a slice (10 ms)", "time without one"],
  .goLabel: ["belongs to another span", "so do the Gs that it makes"],
  .netpollLate: ["for more than 1 ms"],
  .timerLate: ["more than 1 ms after it was due"],
  .mEnd: ["A thread ends: it slept"],
  .nextStolen: ["was stolen at that very moment", "none moved"],
  .goSetAside: ["no memory for a new G's stack", "on no queue"],
  .takeUp: ["had to wait for one are on a run queue"],
  .netpollStandby: ["While every P is busy it stands by", "once a P is idle it waits in the kernel"],
]

/// All that this process has done so far, as the inspector reads it.
private struct Look {
  let player: Player
  let events: [Event]

  init() throws {
    let history = try blocking { try History.blackBox(RegionFolders.standard.target(pid: getpid())) }
    guard let player = Player(history) else { throw SystemError(call: "history", errno: ENODATA) }
    self.player = player
    events = player.lastEvents(ofEachLane: 200_000).values.flatMap { $0 }
      .sorted { ($0.time, $0.position) < ($1.time, $1.position) }
  }

  func all(_ kind: EventKind) -> [Event] { events.filter { $0.kind == kind } }

  /// Events of the same lane after an event (`later`) and before it (`earlier`), nearest first.
  func later(_ event: Event) -> [Event] {
    events.filter { $0.lane == event.lane && $0.position > event.position }
  }
  func earlier(_ event: Event) -> [Event] {
    events.filter { $0.lane == event.lane && $0.position < event.position }.reversed()
  }

  /// Moves of the same G after an event (`later`) and before it (`earlier`), nearest first.
  func later(ofG event: Event) -> [Event] { events.filter { $0.g == event.g && $0.time > event.time } }
  func earlier(ofG event: Event) -> [Event] {
    events.filter { $0.g == event.g && $0.time < event.time }.reversed()
  }

  /// The sentence that explains the event's kind.
  func rule(_ event: Event) -> String {
    let answer = blocking {
      player.explanation(of: .event(event.lane, position: event.position, time: event.time))
    }
    return answer.lines.first { $0.role == .rule }?.text ?? ""
  }
}

extension Event {
  fileprivate var place: Place { Place(bits: arg & ~Place.gMask) }
  fileprivate var source: RunSource? { RunSource(rawValue: detail & 15) }
  fileprivate var isBegin: Bool { [.goStart, .goResume].contains(kind) }
}

/// Whether the claims about the event's kind hold for `event`, judged by the events around it.
private func isTrue(_ event: Event, _ look: Look) -> Bool {
  moveIsTrue(event, look) ?? scheduling(event, look) ?? rare(event, look) ?? false
}

/// Judges moves of a G; nil: the event is no such move.
private func moveIsTrue(_ event: Event, _ look: Look) -> Bool? {
  let (later, earlier) = (look.later(event), look.earlier(event))
  switch event.kind {
  case .goCreate:
    // The G that this one pushed out of `runnext` is run from the LRQ, or goes from there to the GRQ.
    guard event.place.isRunnext, let next = later.first(where: { $0.kind == .goCreate }) else {
      return false
    }
    let starts = look.later(ofG: event).filter { $0.kind == .goStart }
    return next.place.queue == .displacing && starts.first.map { $0.source != .runnext } ?? true
  case .goStart:
    let begin = look.earlier(ofG: event).first {
      [.goCreate, .goReady, .goYield, .goPreempt].contains($0.kind)
    }
    return begin.map { abs(Int64(event.time - $0.time) - Int64(Clock.nanoseconds(ticks: event.arg))) < 1000 }
      ?? false
  case .goPark: return later.first.map { $0.m == event.m && $0.g != event.g } ?? false
  case .goReady: return event.place.queue != .untold && event.arg & Place.gMask != 0
  case .goYield where event.place.queue == .grq:
    return sched.isCrowded && look.later(ofG: event).first(where: \.isBegin)?.source == .grq
  case .goYield:
    let turns = later.prefix { $0.g != event.g || !$0.isBegin }.filter(\.isBegin)
    return event.place.queue == .lrq && event.place.depth > 0 && turns.count >= event.place.depth
      && turns.allSatisfy { $0.g != event.g }
  case .goExit: return look.later(ofG: event).isEmpty
  case .goLabel:
    return event.detail == 1
      && look.events.contains { $0.kind == .goCreate && $0.arg & Place.gMask == event.g && $0.detail == 1 }
  case .goPreempt:
    let start = earlier.first(where: \.isBegin)
    let next = look.later(ofG: event).first(where: \.isBegin)
    guard event.place.queue == .grq, start?.g == event.g, let next else { return false }
    return next.source == .grq && (event.detail == 0 || next.kind == .goResume && next.m == event.m)
  case .goResume:
    // The P was another M's, which let it go at once.
    let hands = earlier.prefix(2).map(\.kind)
    return event.source == .grq && hands == [.procStart, .procStop] && earlier[0].m == event.m
      && earlier[1].m != event.m
  case .goSyscall: return look.later(ofG: event).first?.kind == .goSyscallExit
  case .goSyscallExit:
    return event.detail == 0 ? event.place.queue == .grq : later.first.map { $0.m == event.m } ?? true
  default: return nil
  }
}

/// Judges what Ps and Ms do; nil: the event is of another kind.
private func scheduling(_ event: Event, _ look: Look) -> Bool? {
  let (later, earlier) = (look.later(event), look.earlier(event))
  switch event.kind {
  case .overflow: return event.count == Capacity.lrq / 2 + 1
  case .grqTake:
    return later.first { $0.isBegin || $0.kind == .procStop }.map {
      $0.kind == .procStop || $0.source == .grq
    } ?? false
  case .steal:
    let start = later.first { $0.isBegin }
    return start.map { [.steal, .stealNext].contains($0.source) } ?? false
  case .mSpin: return earlier.first.map { $0.g == nil || !$0.isBegin } ?? true
  case .mUnspin: return earlier.contains { $0.kind == .mSpin && $0.m == event.m } || event.lane == .m(event.m)
  case .procStart: return later.first.map { $0.m == event.m } ?? false
  case .procStop: return later.first.map { $0.kind == .procStart } ?? true
  case .mPark: return event.lane == .m(event.m)
  case .mWake:
    let next = look.events.first { $0.m == Int(event.count) && $0.time > event.time }
    return next.map { $0.kind == .procStart || $0.kind == .mStart } ?? false
  case .mStart: return event.arg != 0
  case .mEnd: return earlier.first.map { $0.kind == .mPark && event.time - $0.time > 1_000_000_000 } ?? false
  case .netpoll: return event.count > 0 && earlier.first.map { $0.kind == .goReady } ?? false
  case .timers:
    return earlier.prefix(Int(event.count) + 1).contains { $0.kind == .goReady }
      || later.first?.kind == .goReady
  case .boot: return BootStep(rawValue: event.detail) != nil
  case .gcStart: return later.contains { $0.kind == .gcEnd }
  case .gcEnd: return earlier.contains { $0.kind == .gcStart }
  default: return nil
  }
}

/// Judges all other kinds.
private func rare(_ event: Event, _ look: Look) -> Bool? {
  switch event.kind {
  case .preemptRequest:
    let run = look.events.last { $0.lane == .p(Int(event.count)) && $0.time < event.time && $0.isBegin }
    // The scheduler counts the thread's CPU time, which is never more than the clock's.
    return run.map { event.time - $0.time >= RuleNumbers.grain } ?? false
  case .retake:
    let taken = look.events.first {
      $0.lane == .p(Int(event.count)) && $0.time >= event.time && $0.kind == .procStart
    }
    let call = look.events.last { $0.kind == .goSyscall && $0.m == Int(event.arg) && $0.time < event.time }
    return call != nil && taken.map { $0.m != Int(event.arg) } ?? false
  case .procsChange: return event.count == 2 && event.arg == 4
  case .procRetire: return event.count >= 2
  case .shortage: return event.detail == Shortage.thread.rawValue && event.arg == UInt64(EAGAIN)
  case .lend:
    let moves = look.events.filter { $0.g == event.arg && $0.time < event.time }
    // The thread stands still because its G was preempted, or because it lost its P in its sleep and woke up without.
    return moves.last?.kind == .goPreempt || (moves.last?.kind == .goSyscallExit && moves.last?.detail == 0)
  case .netpollLate: return Clock.nanoseconds(ticks: event.arg) > RuleNumbers.lateness
  case .nextStolen:
    return look.earlier(event).first.map { $0.place.queue == .displacing } ?? false
  case .goSetAside:
    let start = look.later(ofG: event).first(where: \.isBegin)
    return look.events.contains { $0.kind == .takeUp && $0.time > event.time && $0.time < start?.time ?? 0 }
  case .takeUp: return event.count > 0 && [.lrq, .grq].contains(event.place.queue)
  case .timerLate: return Clock.nanoseconds(ticks: event.arg) > RuleNumbers.lateness
  case .netpollStandby:
    let before = look.earlier(event).first { $0.kind == .netpollStandby }
    return event.detail == (before?.detail == 1 ? 0 : 1)
  default: return nil
  }
}

@Suite("What events mean")
struct MeaningTests {
  @Test("every kind of event has a program that provokes it, and words that are held against it")
  func allKinds() {
    let written = Set(EventKind.allCases.filter { !$0.isOfTraces })
    #expect(Set(Program.allCases.flatMap(\.kinds)) == written)
    #expect(Set(claims.keys) == written && claims.values.allSatisfy { !$0.isEmpty })
  }

  @Test(
    "a real occurrence of each kind is what its explanation says", arguments: Program.allCases.map(\.rawValue)
  )
  func occurrences(_ name: String) async {
    await #expect(processExitsWith: .success) { [name = name as String] in
      guard let program = Program(rawValue: name) else { exit(1) }
      if !program.preempts { unsafe Netpoll.backstop = 60_000_000_000 }
      inRuntime(procs: program.ps, preemption: program.preempts, stackKiB: askingStack) {
        try run(program)
        var look = try Look()
        // Threads of the runtime may write their events a moment after the program has seen the effect.
        for _ in 0..<1_000 where program.kinds.contains(where: { look.all($0).isEmpty }) {
          MPG.sleep(.milliseconds(10))
          look = try Look()
        }
        for kind in program.kinds {
          let found = look.all(kind)
          check(!found.isEmpty, "an event \(kind) in \(name)")
          // Between some events and their neighbours, others have written. The claims must hold for one event
          // whose neighbours are complete.
          guard let event = found.last(where: { isTrue($0, look) }) else {
            check(
              false, "one of \(found.count) \(kind) to be what is claimed: \(found.suffix(3).map(\.text))")
            return
          }
          let rule = look.rule(event)
          for words in claims[kind] ?? [] where program.preempts || !words.contains("grain") {
            check(rule.contains(words), "'\(words)' to be said of \(kind): \(rule)")
          }
        }
      }
    }
  }
}
