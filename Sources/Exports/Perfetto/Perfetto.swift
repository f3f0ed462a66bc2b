// Exports a history as a trace for Perfetto: a track for each P, M and G, and counters. docs/exports.md says
// what is on them.
//
// The slices are the moves of a timeline, so each slice begins where the one before it on its track has
// ended. Arrows lead from the thread that readied a G, over the time that the G was runnable, to the place
// where it ran.
import History
import Host
import Observed
import Region

extension History {
  /// Writes the whole history to a file that ui.perfetto.dev and trace_processor open. The file is complete
  /// when this returns.
  ///
  /// - Throws: `InspectorError` if the file cannot be written.
  public func exportPerfetto(to file: OutputFile) throws(InspectorError) -> ExportReport {
    var trace = Perfetto(self, file)
    try walk(&trace)
    return try trace.finish()
  }
}

/// Writes the moves of a timeline as packets of Perfetto, while a walk goes through a history.
package struct Perfetto: HistoryVisitor {
  /// The most Gs that get a track. The slices of further Gs are still on the tracks of the Ps and Ms.
  static let mostGs = 50_000
  /// The shortest time between two values of the counters of Gs in the trace, in nanoseconds.
  private static let pace: UInt64 = 1_000_000

  private let file: OutputFile
  private let names: StringBook
  private var order: TimelineOrder
  private var packets = PerfettoPackets()
  private var report = ExportReport()
  /// The tracks that have an open slice.
  private var open: Set<PerfettoTrack> = []
  /// The Gs that have a track.
  private var tracks: Set<UInt64> = []
  /// The name of the function that each G runs.
  private var entries: [UInt64: String] = [:]
  /// The id of the arrow that will end where the G runs next, by the G's id.
  private var flows: [UInt64: UInt64] = [:]
  private var lastFlow: UInt64 = 0
  private var counts = Counts()

  private struct Counts {
    var running = 0
    var runnable = 0
    var waiting = 0
    var syscall = 0
    /// When the counts were last written to the trace, in nanoseconds.
    var time: UInt64 = 0
  }

  package init(_ history: History, _ file: OutputFile) {
    let (snapshot, goroutines) = history.beginning()
    (self.file, names) = (file, history.names)
    order = TimelineOrder(Timeline(snapshot, goroutines, reasons: history.reasons))
    for g in goroutines { entries[g.id] = g.entry.map(Self.function) }
    packets.describe(.process, snapshot.target.name, pid: snapshot.target.pid)
    for p in order.timeline.ps.keys.sorted() { packets.describe(.p(p)) }
    for m in snapshot.ms.prefix(Capacity.ms) where Timeline.threads.contains(m.id) {
      packets.describe(.m(m.id), m.tid.map { " (thread \($0))" } ?? "")
    }
    begin(goroutines)
  }

  /// Shows the state of every G, M and P at the first moment.
  private mutating func begin(_ goroutines: [Goroutine]) {
    let timeline = order.timeline
    for (id, g) in timeline.gs.sorted(by: { $0.key < $1.key }) {
      show(g: id, Self.state(g.state, g.reason), timeline.time)
      guard let m = g.m else { continue }
      let name = g.state == .syscall ? "system call" : entries[id] ?? "G\(id)"
      begin(.m(m), name, timeline.time, [("g", id)])
      if let p = timeline.ms[m]?.p { begin(.p(p), name, timeline.time, [("g", id), ("m", UInt64(m))]) }
    }
  }

  package mutating func finish() throws(InspectorError) -> ExportReport {
    order.finish()
    for step in order.take() { write(step) }
    try file.write(packets.take())
    try file.commit()
    report.bytes = UInt64(file.bytes)
    return report
  }

  // MARK: slices

  /// Ends the slice on a track, if there is one, and begins another.
  private mutating func begin(
    _ track: PerfettoTrack, _ name: String, _ time: UInt64, _ numbers: [(name: String, value: UInt64)] = [],
    _ details: PerfettoDetails = PerfettoDetails()
  ) {
    end(track, time)
    var details = details
    details.numbers = numbers
    packets.event(.begin, on: track, at: time, name, details)
    open.insert(track)
  }

  private mutating func end(_ track: PerfettoTrack, _ time: UInt64) {
    if open.remove(track) != nil { packets.event(.end, on: track, at: time) }
  }

  /// Shows that a G is in this state from now on.
  private mutating func show(
    g: UInt64, _ state: String, _ time: UInt64, _ numbers: [(name: String, value: UInt64)] = [],
    _ details: PerfettoDetails = PerfettoDetails()
  ) {
    if !tracks.contains(g) {
      guard tracks.count < Self.mostGs else { return }
      tracks.insert(g)
      packets.describe(.g(g), entries[g].map { " \($0)" } ?? "")
    }
    begin(.g(g), state, time, numbers, details)
  }

  package static func state(_ state: GState, _ reason: WaitReason) -> String {
    switch state {
    case .running: "running"
    case .syscall: "system call"
    case .waiting: "waiting: \(reason)"
    default: "runnable"
    }
  }

  /// The function of an entry: `work` of `work at Main.swift:12`.
  private static func function(_ entry: String) -> String { EntryPoint(entry).function }

  // MARK: visits

  package mutating func visit(_ snapshot: Snapshot) throws(InspectorError) {
    let time = order.moment(snapshot.time)
    if let grq = snapshot.grq { count(.grq, grq, time) }
    for p in snapshot.ps.prefix(Capacity.ps) where p.id >= 0 {
      if let lrq = p.lrq { count(.lrq(p.id), lrq, time) }
    }
    let gs = snapshot.gs
    counts = Counts(
      running: gs.running, runnable: gs.runnable &+ gs.preempted,
      waiting: gs.waiting.values.reduce(0, &+), syscall: gs.syscall)
    countGs(time)
    if packets.bytes.bytes.count > 1 << 20 { try file.write(packets.take()) }
  }

  private mutating func count(_ counter: PerfettoTrack.Counter, _ value: Int, _ time: UInt64) {
    packets.event(.counter, on: .counter(counter), at: time, value: UInt64(clamping: value))
  }

  private mutating func countGs(_ time: UInt64) {
    count(.running, counts.running, time)
    count(.runnable, counts.runnable, time)
    count(.waiting, counts.waiting, time)
    count(.syscall, counts.syscall, time)
    counts.time = time
  }

  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) throws(InspectorError) {
    report.missing &+= count
    let track: PerfettoTrack =
      switch lane {
      case .p(let id): .p(id)
      case .m(let id): .m(id)
      }
    let time = order.moment(time)
    packets.event(.instant, on: track, at: time, "events lost", PerfettoDetails(numbers: [("count", count)]))
  }

  package mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) throws(InspectorError) {
    report.records += 1
    order.add(record, on: lane, at: time)
    for step in order.take() { write(step) }
    if order.timeline.time > counts.time &+ Self.pace { countGs(order.timeline.time) }
    if packets.bytes.bytes.count > 1 << 20 { try file.write(packets.take()) }
  }

  /// Shows events that change no G's state: threads that search for work or sleep, cycles of the gc thread, and the
  /// depth of the GRQ.
  private mutating func note(_ kind: EventKind, _ value: UInt64, _ m: PerfettoTrack, _ time: UInt64) {
    switch kind {
    case .mSpin: begin(m, "spinning", time)
    case .mPark: begin(m, "parked", time)
    case .gcStart: begin(m, "gc", time)
    case .overflow, .grqTake: count(.grq, Int(clamping: value), time)
    default: end(m, time)
    }
  }

  // MARK: moves

  private mutating func write(_ step: Step) {
    if step.isInferred { report.inferred += 1 }
    let (g, m, time) = (step.g, PerfettoTrack.m(step.m), step.time)
    switch step.kind {
    case .create(let entry):
      if let name = names.string(entry) { entries[g] = Self.function(name) }
      counts.runnable &+= 1
      ready(step, from: "creates")
    case .unblock(let other):
      (counts.waiting, counts.runnable) = (counts.waiting &- 1, counts.runnable &+ 1)
      ready(step, from: "readies", by: other)
    case .start: start(step)
    case .block(let reason, let fd):
      (counts.running, counts.waiting) = (counts.running &- 1, counts.waiting &+ 1)
      show(g: g, Self.state(.waiting, reason ?? .none), time, fd == 0 ? [] : [("fd", fd - 1)])
      leave(step)
    case .stop(let isPreempted):
      (counts.running, counts.runnable) = (counts.running &- 1, counts.runnable &+ 1)
      show(g: g, isPreempted ? "preempted" : "runnable", time)
      leave(step)
    case .exit:
      counts.running &-= 1
      end(.g(g), time)
      (entries[g], flows[g]) = (nil, nil)
      leave(step)
    case .enterSyscall:
      (counts.running, counts.syscall) = (counts.running &- 1, counts.syscall &+ 1)
      show(g: g, "system call", time)
      begin(m, "system call", time, [("g", g)])
      if let p = step.p { begin(.p(p), "system call", time, [("g", g), ("m", UInt64(step.m))]) }
    case .leaveSyscall:
      (counts.syscall, counts.running) = (counts.syscall &- 1, counts.running &+ 1)
      run(step, PerfettoDetails())
    case .leaveSyscallBlocked:
      (counts.syscall, counts.runnable) = (counts.syscall &- 1, counts.runnable &+ 1)
      show(g: g, "runnable", time)
      end(m, time)
    case .dropP, .stealP: if let p = step.p { end(.p(p), time) }
    case .takeP: end(m, time)
    case .note(let kind, let value): note(kind, value, m, time)
    }
  }

  /// Shows that a G became runnable. If the G has a track for the arrow's end, an arrow begins at the thread
  /// that made it runnable.
  private mutating func ready(_ step: Step, from verb: String, by other: UInt64 = 0) {
    let by = other == 0 ? [] : [(name: "by g", value: other)]
    var flow: UInt64?
    if tracks.contains(step.g) || tracks.count < Self.mostGs {
      lastFlow += 1
      flow = lastFlow
    }
    flows[step.g] = flow
    let details = PerfettoDetails(numbers: [("g", step.g)] + by, flow: flow)
    packets.event(.instant, on: .m(step.m), at: step.time, verb, details)
    show(g: step.g, "runnable", step.time, by, PerfettoDetails(flow: flow))
  }

  private mutating func start(_ step: Step) {
    (counts.runnable, counts.running) = (counts.runnable &- 1, counts.running &+ 1)
    run(step, PerfettoDetails(endOfFlow: flows.removeValue(forKey: step.g)))
  }

  private mutating func run(_ step: Step, _ details: PerfettoDetails) {
    let (g, m, name) = (step.g, UInt64(step.m), entries[step.g] ?? "G\(step.g)")
    let p = step.p.map { [(name: "p", value: UInt64($0))] } ?? []
    show(g: g, "running", step.time, p + [("m", m)], details)
    begin(.m(step.m), name, step.time, p + [("g", g)])
    if let p = step.p { begin(.p(p), name, step.time, [("g", g), ("m", m)]) }
  }

  /// Ends the slices of a G that stops running.
  private mutating func leave(_ step: Step) {
    end(.m(step.m), step.time)
    if let p = step.p { end(.p(p), step.time) }
  }
}
