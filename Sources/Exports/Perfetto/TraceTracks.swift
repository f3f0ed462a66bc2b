// The tracks of a Go trace: which slice begins and ends on which of them at each event.
import GoTrace

/// Turns events of a Go trace into packets of Perfetto.
struct TraceTracks {
  /// The most Gs and tasks that get a track.
  private static let most = 50_000
  /// Gs with larger numbers than this get no track: their numbers are damaged.
  private static let highestG: UInt64 = 1 << 60
  /// The shortest time between two values of the counters of Gs, in nanoseconds.
  private static let pace: UInt64 = 1_000_000
  /// Packets are handed out as soon as they have more bytes than this.
  private static let part = 1 << 20

  private var packets: PerfettoPackets
  /// What is added to the times of events, in nanoseconds.
  private let shift: Int64
  private var state = TraceState(keepsStacks: true)
  /// How many slices are open on each track.
  private var open: [PerfettoTrack: Int] = [:]
  private var gs: Set<UInt64> = []
  private var threads: [UInt64: Int] = [:]
  private var tasks: [UInt64: Int] = [:]
  private var taskCount = 0
  /// The id of the arrow that will end where the G runs next, by the G's id.
  private var flows: [UInt64: UInt64] = [:]
  private var lastFlow: UInt64 = 0
  private var counts: [TraceGoState: Int] = [:]
  private var counted: UInt64 = 0
  private var last: UInt64 = 0

  /// - Parameter shift: the nanoseconds that are added to times, if the packets go into one file with those of a
  ///   recording; nil: they have a file of their own.
  init(besideBy shift: Int64? = nil) {
    self.shift = shift ?? 0
    packets = PerfettoPackets(isSecond: shift != nil)
    packets.describe(.process, "Go trace", pid: shift == nil ? 1 : nil)
  }

  mutating func takeIfMany() -> [UInt8] {
    packets.bytes.bytes.count > Self.part ? packets.take() : []
  }

  /// Ends all open slices, and returns the last packets.
  mutating func finish() -> [UInt8] {
    endAll()
    return packets.take()
  }

  /// Ends all open slices and forgets all states, because events are missing: what happened meanwhile is not known.
  /// With `isFirst`, no event was read before the gap, and nothing is done.
  mutating func forget(isFirst: Bool) {
    guard !isFirst else { return }
    endAll()
    (state, flows, tasks, counts) = (TraceState(keepsStacks: true), [:], [:], [:])
    packets.event(.instant, on: .runtime, at: last, "events are missing")
  }

  private mutating func endAll() {
    for (track, count) in open.sorted(by: { $0.key.uuid < $1.key.uuid }) {
      for _ in 0..<count { packets.event(.end, on: track, at: last) }
    }
    open = [:]
  }

  // MARK: slices

  /// Ends the slices on a track, and begins another.
  private mutating func turn(
    _ track: PerfettoTrack, _ name: String, _ details: PerfettoDetails = PerfettoDetails()
  ) {
    end(track, all: true)
    begin(track, name, details)
  }

  /// Begins a slice, nested in those that are open on the track.
  private mutating func begin(
    _ track: PerfettoTrack, _ name: String, _ details: PerfettoDetails = PerfettoDetails()
  ) {
    packets.event(.begin, on: track, at: last, name, details)
    open[track, default: 0] += 1
  }

  private mutating func end(_ track: PerfettoTrack, all: Bool = false) {
    guard let count = open[track] else { return }
    for _ in 0..<(all ? count : 1) { packets.event(.end, on: track, at: last) }
    open[track] = all || count == 1 ? nil : count - 1
  }

  private mutating func thread(_ m: UInt64) -> PerfettoTrack {
    let place = threads[m] ?? threads.count
    threads[m] = place
    return .thread(place, m)
  }

  /// Returns the track of a G; nil: the G has none, because of `most` or `highestG`.
  private mutating func track(_ g: UInt64, _ name: String? = nil) -> PerfettoTrack? {
    if gs.contains(g) { return .g(g) }
    guard gs.count < Self.most, g < Self.highestG else { return nil }
    gs.insert(g)
    packets.describe(.g(g), name.map { " \($0)" } ?? "")
    return .g(g)
  }

  /// The function in which a G began; nil: not known.
  private func function(_ g: TraceState.G) -> String? { state.stack(of: g).last?.function }

  // MARK: events

  mutating func add(_ event: TraceEvent, _ tables: TraceTables) {
    last = UInt64(clamping: event.time &+ shift)
    let before = (mine: state[event.slot], subject: state[event.subject])
    state.apply(event, tables)
    move(event.slot, before.mine, event, tables)
    if event.subject != event.slot { move(event.subject, before.subject, event, tables) }
    switch event.kind {
    case .procStop: if let p = event.p { end(.p(p), all: true) }
    case .procSteal: end(.p(Int(truncatingIfNeeded: event.arguments.0)), all: true)
    case .cpuSample: sample(event, tables)
    default: addRange(event, tables)
    }
    if last > counted &+ Self.pace { count() }
  }

  /// Shows the change of a G's state that an event makes.
  private mutating func move(
    _ slot: Int32, _ before: TraceState.G?, _ event: TraceEvent, _ tables: TraceTables
  ) {
    let now = state[slot]
    guard before?.state != now?.state || before?.id != now?.id else { return }
    if let before {
      counts[before.state, default: 0] -= 1
      leave(before, event)
    }
    guard let now else { return }
    counts[now.state, default: 0] += 1
    let (name, g) = (function(now), now.id)
    switch now.state {
    case .running: run(now, name ?? "G\(g)", event)
    case .syscall:
      if let track = track(g, name) { turn(track, "system call") }
      if let m = now.m { turn(thread(m), "system call", PerfettoDetails(numbers: [("g", g)])) }
      if let p = event.p, event.kind == .goSyscallBegin {
        turn(.p(p), "system call", PerfettoDetails(numbers: [("g", g)]))
      }
    case .runnable: ready(now, name, event)
    case .waiting:
      var reason = event.kind == .goBlock ? tables.string(event.arguments.0) : nil
      if event.isDerived { reason = "coroutine" }
      if let track = track(g, name) { turn(track, reason.map { "waiting: \($0)" } ?? "waiting") }
    }
  }

  /// Ends the slices of the thread and the P on which a G was.
  private mutating func leave(_ g: TraceState.G, _ event: TraceEvent) {
    if let m = g.m { end(thread(m), all: true) }
    if g.state == .running || g.state == .syscall, let p = event.p, event.slot >= 0 { end(.p(p), all: true) }
    let isGone = event.kind == .goDestroy || event.kind == .goDestroySyscall
    guard isGone, gs.contains(g.id) else { return }
    end(.regions(g.id), all: true)
    end(.g(g.id), all: true)
    flows[g.id] = nil
  }

  private mutating func run(_ g: TraceState.G, _ name: String, _ event: TraceEvent) {
    let p = event.p.map { [(name: "p", value: UInt64($0))] } ?? []
    let arrow = flows.removeValue(forKey: g.id)
    if let track = track(g.id, name) {
      turn(track, "running", PerfettoDetails(numbers: p, endOfFlow: arrow))
    }
    if let m = g.m { turn(thread(m), name, PerfettoDetails(numbers: p + [("g", g.id)])) }
    if let p = event.p { turn(.p(p), name, PerfettoDetails(numbers: [("g", g.id)])) }
  }

  /// Shows that a G may run. An arrow leads from the thread that made it so.
  private mutating func ready(_ g: TraceState.G, _ name: String?, _ event: TraceEvent) {
    guard let track = track(g.id, name) else { return }
    let isMade = event.kind == .goCreate
    guard isMade || event.kind == .goUnblock, let m = event.m else { return turn(track, "runnable") }
    lastFlow += 1
    flows[g.id] = lastFlow
    let by = event.g.map { [(name: "by g", value: $0)] } ?? []
    packets.event(
      .instant, on: thread(m), at: last, isMade ? "creates" : "readies",
      PerfettoDetails(numbers: [("g", g.id)] + by, flow: lastFlow))
    turn(track, "runnable", PerfettoDetails(numbers: by, flow: lastFlow))
  }

  // MARK: ranges, tasks, numbers

  private mutating func addRange(_ event: TraceEvent, _ tables: TraceTables) {
    let arguments = event.arguments
    switch event.kind {
    case .gcBegin, .gcActive: if open[.marking] == nil { begin(.marking, "marking") }
    case .gcEnd: end(.marking)
    case .stwBegin: turn(.stopped, tables.string(arguments.0) ?? "stopped")
    case .stwEnd: end(.stopped)
    case .gcMarkAssistBegin: region(event, "GC mark assist")
    case .userRegionBegin: region(event, tables.string(arguments.1) ?? "region")
    case .gcMarkAssistEnd, .userRegionEnd: if let g = event.g { end(.regions(g)) }
    case .userTaskBegin: beginTask(arguments.0, tables.string(arguments.2) ?? "", parent: arguments.1)
    case .userTaskEnd: endTask(arguments.0)
    case .userLog: log(event, tables)
    case .heapAlloc: packets.event(.counter, on: .counter(.heap), at: last, value: arguments.0)
    case .heapGoal: packets.event(.counter, on: .counter(.heapGoal), at: last, value: arguments.0)
    case .procsChange: packets.event(.counter, on: .counter(.procs), at: last, value: arguments.0)
    default: break
    }
  }

  private mutating func region(_ event: TraceEvent, _ name: String) {
    guard let g = event.g, track(g) != nil else { return }
    begin(.regions(g), name)
  }

  private mutating func beginTask(_ task: UInt64, _ name: String, parent: UInt64) {
    guard tasks[task] == nil, taskCount < Self.most else { return }
    tasks[task] = taskCount
    taskCount += 1
    let track = PerfettoTrack.task(taskCount - 1, task)
    packets.describe(track, name.isEmpty ? "" : " \(name)")
    begin(track, name, PerfettoDetails(numbers: parent == 0 ? [] : [("parent", parent)]))
  }

  private mutating func endTask(_ task: UInt64) {
    if let place = tasks.removeValue(forKey: task) { end(.task(place, task)) }
  }

  private mutating func log(_ event: TraceEvent, _ tables: TraceTables) {
    guard let g = event.g, let track = track(g) else { return }
    let (category, text) = (tables.string(event.arguments.1) ?? "", tables.string(event.arguments.2) ?? "")
    packets.event(
      .instant, on: track, at: last, category.isEmpty ? "log" : "log: \(category)",
      PerfettoDetails(numbers: [("task", event.arguments.0)], texts: [("text", text)]))
  }

  private mutating func sample(_ event: TraceEvent, _ tables: TraceTables) {
    guard let g = event.g, let track = track(g) else { return }
    let texts = tables.top(event.arguments.0).map { [(name: "function", value: $0.function)] } ?? []
    packets.event(.instant, on: track, at: last, "CPU sample", PerfettoDetails(texts: texts))
  }

  private mutating func count() {
    counted = last
    let states: [(TraceGoState, PerfettoTrack.Counter)] = [
      (.running, .running), (.runnable, .runnable), (.waiting, .waiting), (.syscall, .syscall),
    ]
    for (state, counter) in states {
      packets.event(.counter, on: .counter(counter), at: last, value: UInt64(max(0, counts[state] ?? 0)))
    }
  }
}
