// The kept traces of Tests/GoTraceTests, and what a reader without a history says of them.
import Foundation
import GoTrace
import History
import Observed
import Region
import TestSupport
import Testing
import TraceSource

/// A kept trace, or a folder of them.
struct Kept: Sendable, CustomStringConvertible {
  let path: String
  var description: String { URL(filePath: path).lastPathComponent }

  static let folder =
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/GoTraceTests/Fixtures"

  /// All kept traces, those of the flight recorder one by one and as a folder.
  static let all: [Kept] = {
    let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
    return (names.filter { $0.hasSuffix(".trace") }.sorted() + ["flight"]).map {
      Kept(path: "\(folder)/\($0)")
    }
  }()

  static func named(_ name: String) -> Kept { Kept(path: "\(folder)/\(name)") }

  var bytes: [UInt8] { get throws { [UInt8](try Data(contentsOf: URL(filePath: path))) } }

  /// The whole trace as a history.
  func history() throws -> History {
    let trace = try TraceHistory(path: path)
    try trace.readAll()
    return trace.history
  }

  func reader() throws -> TraceReader {
    path.hasSuffix(".trace") ? try TraceReader(TraceInput(path: path)) : try TraceReader(folder: path)
  }
}

/// How long each G was in each state, and how many were in each at a moment, as the events of the trace alone say: Gs that
/// were there before count from the beginning of the trace, or of what comes after a gap.
struct Heard {
  private(set) var times: [UInt64: TraceTimes] = [:]
  /// The number of Gs in each state at the moment that was asked for.
  private(set) var counts: [TraceGoState: Int] = [:]
  private(set) var events = 0
  private var states: [UInt64: (state: TraceGoState, since: Int64)] = [:]
  private var start: Int64 = 0
  private var until: Int64

  init(_ reader: consuming TraceReader, until: Int64 = .max) throws {
    self.until = until
    var part: [TraceEvent] = []
    var last: Int64 = 0
    while try reader.next(into: &part) {
      if reader.isAfterGap {
        for g in states.keys { move(g, nil, last) }
        start = reader.generationStart
      }
      for event in part {
        if event.time > until { take(isStatusOnly: true, event) } else { take(isStatusOnly: false, event) }
        events += event.time <= until ? 1 : 0
        if event.time <= until { last = event.time }
      }
    }
    for (_, state) in states { counts[state.state, default: 0] += 1 }
    for g in states.keys { move(g, nil, last) }
  }

  /// - Parameter isStatusOnly: takes only what tells of the time before: Gs of which nothing else was heard.
  private mutating func take(isStatusOnly: Bool, _ event: TraceEvent) {
    let (id, g) = (event.arguments.0, event.g ?? 0)
    if event.kind == .goStatus || event.kind == .goStatusStack {
      guard states[id] == nil, let state = TraceGoState(rawValue: UInt8(clamping: event.arguments.2)) else {
        return
      }
      if isStatusOnly, times[id] != nil { return }
      states[id] = (state, start)
      return
    }
    guard !isStatusOnly else { return }
    switch event.kind {
    case .goStart: move(id, .running, event.time)
    case .goBlock: move(g, .waiting, event.time)
    case .goStop, .goSyscallEndBlocked: move(g, .runnable, event.time)
    case .goUnblock, .goSwitch, .goSwitchDestroy: move(id, .runnable, event.time)
    case .goSyscallBegin: move(g, .syscall, event.time)
    case .goSyscallEnd: move(g, .running, event.time)
    case .goDestroy, .goDestroySyscall: move(g, nil, event.time)
    case .goCreate: states[id] = (.runnable, event.time)
    case .goCreateBlocked: states[id] = (.waiting, event.time)
    case .goCreateSyscall: states[id] = (.syscall, event.time)
    default: break
    }
  }

  private mutating func move(_ g: UInt64, _ state: TraceGoState?, _ time: Int64) {
    guard let old = states[g] else { return }
    var sums = times[g] ?? TraceTimes()
    switch old.state {
    case .runnable: sums.runnable += time - old.since
    case .running: sums.running += time - old.since
    case .syscall: sums.syscall += time - old.since
    case .waiting: sums.waiting += time - old.since
    }
    times[g] = sums
    states[g] = state.map { ($0, time) }
  }
}
