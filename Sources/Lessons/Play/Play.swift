// A play: one scene, from the start of its program to the last event of its script.
//
// A play never waits for long: `advance` does what can be done now, and returns. So a screen can show what happens between
// two steps, and a check without a screen calls `advance` as fast as it can.
internal import Glibc
import Inspector
import Region

/// Plays one scene. Not thread-safe: use it from one thread at a time.
package final class Play {
  /// How far a play has come.
  package enum State: Sendable, Equatable {
    /// The play goes on: it has made a single step, or waits for a condition.
    case goesOn
    /// The question is to be asked. The play stands still until `goOn`.
    case asks
    /// What the question is about has happened. The play stands still until `goOn`.
    case proves
    /// The script is over.
    case over
  }

  package let scene: Scene
  /// The events so far.
  package private(set) var tape: Tape
  /// The process that plays the scene.
  package var pid: Int32 { process.pid }
  /// How many single steps were made.
  package private(set) var steps = 0
  private let process: LessonProcess
  private let region: LiveRegion
  private let controller: Controller
  private var place = 0
  private var isPlaying = false
  /// Whether the caller has called `goOn` since the play stopped at `place`.
  private var isNoted = false
  /// The moment at which the move at `place` began, in nanoseconds.
  private var since = monotonicNow()
  private var lost: UInt64 = 0

  /// Maximum time for which a play waits for a condition, in nanoseconds. Only a condition that will never hold
  /// takes so long.
  private static let patience: UInt64 = 60_000_000_000

  /// Starts the scene's program, and waits until it can be looked at and paced.
  /// - Parameters:
  ///   - program: the path of mpg-lesson.
  ///   - procs: how many Ps are wanted, where the scene leaves it open.
  package init(_ scene: Scene, program: String, procs: Int) throws(LessonFailure) {
    self.scene = scene
    process = try LessonProcess(program, scene, procs: scene.procs.number(wanted: procs))
    let end = monotonicNow() + Self.patience
    while true {
      if let (region, controller, observation) = Self.attach(to: process.pid) {
        (self.region, self.controller) = (region, controller)
        tape = Tape(observation, reasons: region.reasons)
        return
      }
      if process.hasEnded { throw .ended(process.words) }
      guard monotonicNow() < end else { throw .late("the program to boot") }
      usleep(2000)
    }
  }

  private static func attach(to pid: Int32) -> (LiveRegion, Controller, Observation)? {
    do {
      let region = try LiveRegion.attach(to: pid)
      let observation = try region.observe()
      guard observation.snapshot.boot[.main] != nil else { return nil }
      return (region, try Controller(region.target), observation)
    } catch {
      return nil
    }
  }

  /// The gauges and events of the process, for a screen.
  package func source() throws(LessonFailure) -> LiveRegion {
    try inspecting { () throws(InspectorError) in try LiveRegion(region.target) }
  }

  /// The whole history of the process, from its boot, as far as its rings reach.
  package func history() throws(LessonFailure) -> History {
    try inspecting { () throws(InspectorError) in try History.blackBox(region.target) }
  }

  /// Whether the next move is a single step, which a person may want to see.
  package var isStepping: Bool {
    if place < scene.script.count, case .step = scene.script[place] { true } else { false }
  }

  /// Whether the program has waited at its door (for a line of its input) for the first time.
  package var isAtTheDoor: Bool { place > 0 }

  /// Whether the script has come to its question.
  package var isAsking: Bool { tape.asked != nil }

  /// Lets the script go on where it stopped, at `ask` or at `prove`.
  package func goOn() { isNoted = true }

  /// Does the next part of the script.
  package func advance() throws(LessonFailure) -> State {
    try look()
    guard place < scene.script.count else { return .over }
    switch scene.script[place] {
    case .open:
      isPlaying = true
      process.open()
      next()
    case .hold:
      try controlling { () throws(ControlError) in try controller.send(.hold) }
      next()
    case .ask:
      if tape.asked == nil { tape.asked = tape.snapshot }
      guard isNoted else { return .asks }
      next()
    case .prove:
      guard isNoted else { return .proves }
      next()
    case .free(let condition):
      if tape.snapshot.pace?.isOn == true {
        try controlling { () throws(ControlError) in try controller.send(.release) }
      } else if condition.holds(tape) {
        next()
      } else {
        try wait(for: condition)
      }
    case .step(let who, let condition):
      if condition.holds(tape) {
        next()
      } else {
        try step(who)
        try look()
        try wait(for: condition)
      }
    }
    return .goesOn
  }

  private func next() { (place, since, isNoted) = (place + 1, monotonicNow(), false) }

  private func step(_ who: Move.Who) throws(LessonFailure) {
    let p =
      switch who {
      case .home: tape.home
      case .anybody: Int?.none
      case .idle: tape.snapshot.firstIdleP
      }
    let state = try controlling { () throws(ControlError) in try controller.send(.step(p: p)) }
    if state.stepped != nil { steps += 1 }
  }

  /// Throws if the program has ended, or if the wait for a condition has lasted too long.
  private func wait(for condition: Condition) throws(LessonFailure) {
    if process.hasEnded { throw .ended(process.words) }
    if monotonicNow() - since > Self.patience { throw .late(condition.words) }
  }

  /// Reads gauges and events.
  private func look() throws(LessonFailure) {
    let observation = try inspecting { () throws(InspectorError) in try region.observe() }
    tape.snapshot = observation.snapshot
    tape.wording = Wording(observation.clock, names: observation.names, reasons: region.reasons)
    var (events, batch): ([PlacedRecord], [Record]) = ([], [])
    try inspecting { () throws(InspectorError) in
      _ = try region.takeEvents(upTo: nil) { lane, read in
        batch.removeAll(keepingCapacity: true)
        let first = read(&batch)
        for (index, record) in batch.enumerated() {
          events.append(PlacedRecord(record: record, lane: lane, position: first &+ UInt64(index)))
        }
      }
    }
    // Events that are lost before the program's door opens do not belong to the scene, so they are not counted.
    if !isPlaying {
      lost = region.lost
      return
    }
    tape.lost = region.lost &- lost
    tape.take(events) { region.name($0) }
  }

  /// Ends the program.
  package func end() {
    controller.close()
    process.end()
  }
}

extension Snapshot {
  /// The id of a P that runs no G, and whose thread waits to be allowed a decision; nil: there is none.
  fileprivate var firstIdleP: Int? {
    let waiting = Set(pace?.waiting ?? [])
    return ps.first { p in p.g == nil && p.m.map { waiting.contains($0) } ?? false }?.id
  }
}
