// How long each stretch of a history was: of being ready, running, waiting for something, in a system call.
import History
import Host
import Insight
import Observed
import Region

/// Measures the stretches that begin and end in a history, while a walk goes through it.
struct HistoryStretches: HistoryVisitor {
  private(set) var histograms: [String: SpanHistogram] = [:]
  private(set) var records: UInt64 = 0
  private(set) var missing: UInt64 = 0
  /// The times of the first and the last record, in nanoseconds.
  private(set) var span: (first: UInt64, last: UInt64)?
  private var order: TimelineOrder
  /// The stretch that each G is in: its kind, and when it began, in nanoseconds. Gs of which the beginning is not known
  /// are left out.
  private var gs: [UInt64: (name: String, since: UInt64)] = [:]

  init(_ history: History) {
    let (snapshot, goroutines) = history.beginning()
    order = TimelineOrder(Timeline(snapshot, goroutines, reasons: history.reasons))
  }

  mutating func finish() {
    order.finish()
    takeSteps()
  }

  mutating func visit(_ snapshot: Snapshot) throws(InspectorError) {}

  /// Drops the stretches during which records are missing: nobody knows what happened in the gap.
  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) throws(InspectorError) {
    missing &+= count
    gs = [:]
  }

  mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) throws(InspectorError) {
    records += 1
    span = (min(span?.first ?? time, time), max(span?.last ?? time, time))
    order.add(record, on: lane, at: time)
    takeSteps()
  }

  private mutating func takeSteps() { for step in order.take() { take(step) } }

  private mutating func take(_ step: Step) {
    let next: String?
    switch step.kind {
    case .create, .unblock, .stop, .leaveSyscallBlocked: next = "run delay"
    case .start, .leaveSyscall: next = "running"
    case .block(let reason, _): next = "waiting: \(GoTraceExport.word(reason))"
    case .enterSyscall: next = "system call"
    case .exit: next = nil
    case .takeP, .dropP, .stealP, .note: return
    }
    if !step.isInferred, let (name, since) = gs[step.g] {
      histograms[name, default: SpanHistogram()].record(step.time &- min(since, step.time))
    }
    // A step without a record of its own was inferred, so its true time is not known. The stretches that end or begin
    // with it are not measured.
    gs[step.g] = step.isInferred ? nil : next.map { ($0, step.time) }
  }
}
