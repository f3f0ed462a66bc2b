// Exports a history as an execution trace of Go, for `go tool trace`. docs/exports.md says which of our
// events becomes which of Go's.
//
// Go's reader checks every event against the events before it, and refuses a trace in which one does not fit.
// The moves of a timeline fit, because of its invariants. If two threads touch the same G or P, Go does not
// order the events by their times, but by sequence numbers: each start and unblocking of a G, and each taking
// of a P, counts up from the status at the beginning of the generation.
//
// A thread of Go cannot make a G without holding a P, but a thread of ours can. In the trace such a G comes
// out of a system call of a thread that does not exist, as Go has it when C calls Go.
import GoTrace
import History
import Host
import Insight
import Observed
import Region

extension History {
  /// Writes the whole history to a file that `go tool trace` of Go 1.26 and later opens. The file is complete
  /// when this returns.
  ///
  /// - Throws: `InspectorError` if the file cannot be written.
  public func exportGoTrace(to file: OutputFile) throws(InspectorError) -> ExportReport {
    try exportGoTrace(to: file, generation: 250_000)
  }

  /// - Parameter events: about how many events a generation has.
  package func exportGoTrace(to file: OutputFile, generation events: Int) throws(InspectorError)
    -> ExportReport
  {
    var trace = try GoTraceExport(self, file, events)
    try walk(&trace)
    return try trace.finish()
  }
}

/// Writes the moves of a timeline as events of Go, while a walk goes through a history.
struct GoTraceExport: HistoryVisitor {
  /// The number of a thread that does not exist. It stands for whatever makes a G without a P.
  static let outside = UInt64(1 << 20)

  private let file: OutputFile
  /// A generation ends after this many events, but only when it also has four times as many events as there
  /// are Gs. A generation begins with the status of every G, and these must stay a small part of the trace.
  private let events: Int
  private let names: StringBook
  private var order: TimelineOrder
  private var generation: GenerationWriter
  private var report = ExportReport()
  private var pcs: [String: Int] = [:]
  /// The sequence number of each G in this generation.
  private var gSequence: [UInt64: UInt64] = [:]
  /// The sequence number of each P in this generation.
  private var pSequence: [Int: UInt64] = [:]
  /// The number of Ps, until it is written to the trace; nil: the trace has it already.
  private var procs: UInt64?
  private var lastProcs = 0

  init(_ history: History, _ file: OutputFile, _ events: Int) throws(InspectorError) {
    let (snapshot, goroutines) = history.beginning()
    (self.file, self.events, names) = (file, events, history.names)
    order = TimelineOrder(Timeline(snapshot, goroutines, reasons: history.reasons))
    generation = GenerationWriter(1, at: order.timeline.time)
    try file.write(GenerationWriter.header)
    var entries: [UInt64: String] = [:]
    for g in goroutines { entries[g.id] = g.entry }
    begin(entries)
  }

  // MARK: generations

  /// Begins a generation with the status of every G and P. Only the first generation gets `entries`.
  private mutating func begin(_ entries: [UInt64: String]) {
    let timeline = order.timeline
    let now = generation.start
    (gSequence, pSequence) = ([:], [:])
    for (id, p) in timeline.ps.sorted(by: { $0.key < $1.key }) {
      pSequence[id] = 0
      let status: UInt64 = p.m == nil ? 2 : p.isInSyscall ? 3 : 1
      generation.add(.procStatus, m: p.m.map { UInt64($0) } ?? Self.outside, at: now, UInt64(id), status)
    }
    for (id, g) in timeline.gs.sorted(by: { $0.key < $1.key }) {
      let status: UInt64 =
        switch g.state {
        case .running: 2
        case .syscall: 3
        case .waiting: 4
        default: 1
        }
      let (m, thread) = (g.m.map { UInt64($0) } ?? Self.outside, g.m.map { UInt64($0) } ?? .max)
      if let entry = entries[id] {
        let stack = generation.stack(frames(entry))
        generation.add(.goStatusStack, m: m, at: now, id, thread, status, stack)
      } else {
        generation.add(.goStatus, m: m, at: now, id, thread, status)
      }
    }
  }

  private mutating func end() throws(InspectorError) {
    try file.write(generation.finished())
  }

  mutating func finish() throws(InspectorError) -> ExportReport {
    order.finish()
    for step in order.take() { write(step) }
    try end()
    try file.commit()
    report.bytes = UInt64(file.bytes)
    return report
  }

  // MARK: events

  mutating func visit(_ snapshot: Snapshot) throws(InspectorError) {
    if snapshot.procs != lastProcs { procs = UInt64(clamping: snapshot.procs) }
    lastProcs = snapshot.procs
    let enough = max(events, 4 * order.timeline.gs.count)
    guard generation.events > enough || generation.isLarge else { return }
    try end()
    generation = GenerationWriter(generation.number + 1, at: order.timeline.time)
    begin([:])
  }

  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) throws(InspectorError) {
    report.missing &+= count
  }

  mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) throws(InspectorError) {
    report.records += 1
    order.add(record, on: lane, at: time)
    for step in order.take() { write(step) }
  }

  private mutating func write(_ step: Step) {
    if step.isInferred { report.inferred += 1 }
    let (m, now, g) = (UInt64(step.m), step.time, step.g)
    switch step.kind {
    case .create(let entry): create(step, entry)
    case .start:
      generation.add(.goStart, m: m, at: now, g, next(g))
      sayProcs(m, now)
    case .block(let reason, _):
      generation.add(.goBlock, m: m, at: now, generation.string(Self.word(reason)), 0)
    case .unblock: generation.add(.goUnblock, m: m, at: now, g, next(g), 0)
    case .stop(let isPreempted):
      let reason = generation.string(isPreempted ? "preempted" : "runtime.Gosched")
      generation.add(.goStop, m: m, at: now, reason, 0)
    case .exit:
      generation.add(.goDestroy, m: m, at: now)
      gSequence[g] = nil
    case .enterSyscall: generation.add(.goSyscallBegin, m: m, at: now, next(p: step.p ?? 0), 0)
    case .leaveSyscall: generation.add(.goSyscallEnd, m: m, at: now)
    case .leaveSyscallBlocked: generation.add(.goSyscallEndBlocked, m: m, at: now)
    case .takeP, .dropP, .stealP: writeP(step)
    case .note: break
    }
  }

  private mutating func writeP(_ step: Step) {
    let p = step.p ?? 0
    switch step.kind {
    case .takeP:
      if pSequence[p] == nil {
        // This P did not exist at the beginning. Its status must come before it is taken, on the same thread.
        generation.add(.procStatus, m: UInt64(step.m), at: step.time, UInt64(p), 2)
      }
      generation.add(.procStart, m: UInt64(step.m), at: step.time, UInt64(p), next(p: p))
    case .stealP(let other):
      generation.add(.procSteal, m: UInt64(step.m), at: step.time, UInt64(p), next(p: p), UInt64(other))
    default: generation.add(.procStop, m: UInt64(step.m), at: step.time)
    }
  }

  private mutating func create(_ step: Step, _ entry: UInt64) {
    if step.isInferred, generation.number == 1 {
      // The G existed before the trace began. In the first generation its status may still be written at this
      // point.
      generation.add(.goStatus, m: Self.outside, at: step.time, step.g, .max, 1)
    } else if step.p == nil {
      generation.add(.goCreateSyscall, m: Self.outside, at: step.time, step.g)
      generation.add(.goSyscallEndBlocked, m: Self.outside, at: step.time)
    } else {
      let stack = generation.stack(frames(names.string(entry)))
      generation.add(.goCreate, m: UInt64(step.m), at: step.time, step.g, stack, 0)
    }
    gSequence[step.g] = 0
  }

  /// Returns a stack of one frame for an entry; empty: the entry is not known. The frame has a program counter that no
  /// other entry has, because Go's reader identifies frames by their program counters.
  private mutating func frames(_ entry: String?) -> [TraceFrame] {
    guard let entry else { return [] }
    let pc = UInt64(pcs[entry] ?? pcs.count + 1)
    pcs[entry] = Int(pc)
    let place = EntryPoint(entry)
    return [TraceFrame(pc: pc, function: place.function, file: place.file, line: place.line)]
  }

  /// Writes the number of Ps, if it changed. The trace format has it only as an event of a running G.
  private mutating func sayProcs(_ m: UInt64, _ now: UInt64) {
    guard let procs else { return }
    generation.add(.procsChange, m: m, at: now, procs, 0)
    self.procs = nil
  }

  private mutating func next(_ g: UInt64) -> UInt64 {
    gSequence[g, default: 0] += 1
    return gSequence[g] ?? 0
  }

  private mutating func next(p: Int) -> UInt64 {
    pSequence[p, default: 0] += 1
    return pSequence[p] ?? 0
  }

  /// Go's own word for a wait reason, if Go has one.
  static func word(_ reason: WaitReason?) -> String {
    switch reason {
    case .netpollRead, .netpollWrite: "network"
    case .chanSend: "chan send"
    case .chanReceive: "chan receive"
    case .sleep: "sleep"
    case .waitGroup, .mutex, .semaphore: "sync"
    case .select: "select"
    case .condition: "sync.(*Cond).Wait"
    case .signal: "signal"
    case .await: "await"
    case nil, WaitReason.none?: "unspecified"
    }
  }
}
