// Our own traces for Go, read back by our reader of Go's traces: they are whole, and say what the history says.
import GoTrace
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Observed

/// The moves of a history, as the export makes them from its records.
private struct Moves: HistoryVisitor {
  var order: TimelineOrder
  var steps: [Step] = []

  init(_ history: History) {
    let (snapshot, goroutines) = history.beginning()
    order = TimelineOrder(Timeline(snapshot, goroutines, reasons: history.reasons))
  }

  mutating func visit(_ snapshot: Snapshot) {}
  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) {}
  mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) {
    order.add(record, on: lane, at: time)
    steps += order.take()
  }

  static func of(_ history: History) throws -> [Step] {
    var moves = Moves(history)
    try history.walk(&moves)
    moves.order.finish()
    return moves.steps + moves.order.take()
  }
}

@Suite("Traces for Go, read back")
struct GoTraceRoundTripTests {
  private static func read(_ bytes: [UInt8], isStrict: Bool) throws -> [TraceEvent] {
    var reader = try TraceReader(TraceInput(bytes: bytes), isStrict: isStrict)
    var (all, part) = ([TraceEvent](), [TraceEvent]())
    while try reader.next(into: &part) { all += part }
    return all
  }

  /// The kind of event that a step becomes, and the G or P it is about; nil: none, or more than one.
  private static func event(_ step: Step) -> (kind: TraceKind, subject: UInt64)? {
    switch step.kind {
    case .start: (.goStart, step.g)
    case .block: (.goBlock, step.g)
    case .unblock: (.goUnblock, step.g)
    case .stop: (.goStop, step.g)
    case .exit: (.goDestroy, step.g)
    case .enterSyscall: (.goSyscallBegin, step.g)
    case .leaveSyscall: (.goSyscallEnd, step.g)
    case .leaveSyscallBlocked: (.goSyscallEndBlocked, step.g)
    case .takeP: (.procStart, UInt64(step.p ?? 0))
    case .stealP: (.procSteal, UInt64(step.p ?? 0))
    case .dropP: (.procStop, UInt64(step.p ?? 0))
    case .create, .note: nil
    }
  }

  private static func subject(_ event: TraceEvent) -> UInt64 {
    switch event.kind {
    case .goStart, .goUnblock, .procStart, .procSteal: event.arguments.0
    case .procStop: UInt64(event.p ?? -1)
    default: event.g ?? 0
    }
  }

  @Test("each move comes back, at its time, of its thread, G and P", arguments: [3, 4, 5, 6] as [UInt64])
  func moves(_ seed: UInt64) throws {
    let fake = try FakeHistory(seed: seed, segments: 4, moves: 1500)
    let (bytes, _) = try fake.bytes { file throws(InspectorError) in
      try fake.history.exportGoTrace(to: file, generation: 700)
    }
    let steps = try Moves.of(fake.history)
    let told = try Self.read(bytes, isStrict: true)
    let moves = steps.compactMap { step in Self.event(step).map { (step, $0) } }
    let kinds = Set(moves.map(\.1.kind))
    // The statuses at a generation's beginning have the time of the last move, and move it on by nanoseconds.
    let back = told.filter { kinds.contains($0.kind) }
    try #require(back.count == moves.count && moves.count > 1000)
    for (event, (step, expected)) in zip(back, moves) {
      #expect(event.kind == expected.kind && Self.subject(event) == expected.subject)
      #expect(event.m == UInt64(step.m))
      #expect(event.time >= Int64(step.time) && event.time < Int64(step.time) + 5000)
    }
  }

  @Test("what is made of noise is a trace without damage, too")
  func noise() throws {
    let folder = try TemporaryFolder()
    let file = try OutputFile(path: "\(folder.path)/noise")
    var trace = try GoTraceExport(History(), file, 500)
    try Noise(seed: 8).feed(&trace)
    _ = try trace.finish()
    let events = try Self.read(smallFile(file.path, limit: 1 << 24) ?? [], isStrict: true)
    #expect(events.count > 10_000)
  }
}
