// The tape: all events of a scene in the order of time, and the newest gauges.
import Inspector
import Region

/// A point of a scene that its program marks. mpg-lesson has the same names.
package enum Mark: String, CaseIterable, Sendable {
  /// The scene begins.
  case begin
  /// The situation that the question describes has come about.
  case ready
  /// The first part of what follows `ready` is over.
  case next
  /// What the question is about has happened.
  case done

  package var label: String { "lesson: \(rawValue)" }
}

/// The events of one scene. A value.
package struct Tape: Sendable {
  /// The events of the scene so far, in the order of time.
  package private(set) var records: [PlacedRecord] = []
  /// The marks to which the program has come, with their events, in the order in which they came.
  package private(set) var marks: [(mark: Mark, event: PlacedRecord)] = []
  /// The newest gauges.
  package var snapshot: Snapshot
  /// The gauges at the moment of the question.
  package var asked: Snapshot?
  /// How many records are missing.
  package var lost: UInt64 = 0
  var wording: Wording

  init(_ observation: Observation, reasons: [WaitReason?]) {
    snapshot = observation.snapshot
    wording = Wording(observation.clock, names: observation.names, reasons: reasons)
  }

  /// Takes in events. The events of one lane come in order, but an event may come after later ones of another
  /// lane.
  mutating func take(_ events: [PlacedRecord], label: (UInt32) -> String?) {
    guard let first = events.first else { return }
    let (last, isSorted) = (
      records.last, zip(events, events.dropFirst()).allSatisfy { $0.record.time <= $1.record.time }
    )
    records += events
    if !isSorted || last.map({ $0.record.time > first.record.time }) ?? false {
      records.sort {
        ($0.record.time, $0.lane.order, $0.position) < ($1.record.time, $1.lane.order, $1.position)
      }
    }
    for event in events where event.record.kind == .goLabel && event.record.detail == 1 {
      note(event, label(event.record.count))
    }
  }

  private mutating func note(_ event: PlacedRecord, _ label: String?) {
    if let mark = Mark.allCases.first(where: { $0.label == label }) {
      marks.append((mark, event))
    }
  }

  // MARK: asking

  /// The event in the form that is shown to people.
  package func event(_ placed: PlacedRecord) -> Event { Event(placed, wording) }

  package func has(_ mark: Mark) -> Bool { marks.contains { $0.mark == mark } }

  /// The event of the first mark of this name; nil: the program has not come to it.
  package func mark(_ mark: Mark) -> PlacedRecord? { marks.first { $0.mark == mark }?.event }

  /// The P on which the scene began.
  package var home: Int? {
    guard case .p(let p)? = mark(.begin)?.lane else { return nil }
    return p
  }

  /// The G that plays the scene.
  package var main: UInt64? { mark(.begin)?.record.g }

  /// Returns the events from one mark to another; `to` nil: to the end. Throws if the program did not come to
  /// one of the marks, or if events were lost.
  package func between(_ from: Mark, _ to: Mark?) throws(Unproven) -> [PlacedRecord] {
    guard let begin = mark(from)?.record.time else {
      throw Unproven("the scene did not come to its mark '\(from)'")
    }
    var end = UInt64.max
    if let to {
      guard
        let time = marks.first(where: { $0.mark == to && $0.event.record.time >= begin })?.event.record.time
      else { throw Unproven("the scene did not come to its mark '\(to)'") }
      end = time
    }
    if lost > 0 { throw Unproven("the scene's rings lost \(counted(lost, "event"))") }
    return records.filter { $0.record.time >= begin && $0.record.time <= end }
  }
}

extension Sequence<PlacedRecord> {
  /// Returns the first event of a kind for which `fits` is true; nil: there is none.
  package func first(_ kind: EventKind, where fits: (PlacedRecord) -> Bool = { _ in true }) -> PlacedRecord? {
    first { $0.record.kind == kind && fits($0) }
  }

  /// Returns all events of a kind for which `fits` is true.
  package func all(_ kind: EventKind, where fits: (PlacedRecord) -> Bool = { _ in true }) -> [PlacedRecord] {
    filter { $0.record.kind == kind && fits($0) }
  }
}

extension PlacedRecord {
  /// The P in whose ring the event lies; nil: the writer held no P.
  package var p: Int? { lane.p }

  /// Whether the event says that a G begins to run, or runs on after a preemption or a system call.
  package var isStart: Bool {
    switch record.kind {
    case .goStart, .goResume: true
    case .goSyscallExit: record.detail != 0
    default: false
    }
  }

  /// Whether the event says that a G stops running.
  package var isStop: Bool {
    switch record.kind {
    case .goPark, .goYield, .goExit, .goPreempt, .goSyscall: true
    default: false
    }
  }
}

/// What `Lesson.judge` is given: all that was seen of a lesson's run.
package struct RunEvidence {
  /// The tapes of the scenes that were played, in their order.
  package var tapes: [Tape]
  /// The index of the scene that was chosen, in a lesson of which one scene is played; nil: none was chosen.
  package var chosen: Int?
  /// The whole history of the last scene's process, from its boot.
  package var history: History

  /// Returns the tape of the first scene. Throws if no scene was played.
  package func tape() throws(Unproven) -> Tape {
    guard let tape = tapes.first else { throw Unproven("no scene was played") }
    return tape
  }

  /// Makes a proof from events and notes on them, in the order of time. Events that are nil are left out.
  package func proof(_ events: [(PlacedRecord?, String)], on tape: Tape) -> [Proof] {
    events.compactMap { event, note in event.map { Proof(tape.event($0), note) } }
      .sorted { $0.event.time < $1.event.time }
  }
}
