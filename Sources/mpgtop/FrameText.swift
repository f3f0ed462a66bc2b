// Frames as text for pipes: plain, JSON, comma-separated, or in the form of Go's schedtrace.
import Inspector
import Region
import TUI

struct FrameText {
  let options: FrameOptions

  /// One frame, including its line breaks.
  func text(of frame: Frame, isFirst: Bool) -> String {
    if options.json { return frame.json + "\n" }
    if options.csv { return (isFirst ? Self.csvHead + "\n" : "") + Self.csv(frame) + "\n" }
    if options.schedtrace { return Self.schedtrace(frame.snapshot) + "\n" }
    let width = StandardOutput.width
    var lines = Overview.plainText(frame, width: width, glyphs: glyphs)
    if let report = PastReport(frame) { lines += [""] + report.lines(width: max(width, 80), glyphs: glyphs) }
    return (isFirst ? "" : "\n") + lines.joined(separator: "\n") + "\n"
  }

  private var glyphs: Glyphs {
    if options.ascii { return .ascii }
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let locale = names.compactMap { name in environment(name).map { (name, $0) } }
    return .forEnvironment(Dictionary(uniqueKeysWithValues: locale))
  }

  // MARK: comma-separated

  private static let csvHead =
    ([
      "t_ns", "uptime_ns", "procs", "consistent", "live", "created", "exited", "running", "runnable",
      "preempted",
    ]
    + ["syscall"] + WaitGroupName.allCases.map(\.rawValue)
    + [
      "grq", "grq_max", "lrq", "timers", "threads", "switches", "steals", "netpoll_wakeups", "events", "lost",
      "p_window_ns", "p_running_ns", "p_calls_ns", "p_searching_ns", "p_idle_ns",
    ])
    .joined(separator: ",")

  private static func csv(_ frame: Frame) -> String {
    let s = frame.snapshot
    let gs = s.gs
    let states = [gs.running, gs.runnable, gs.preempted, gs.syscall]
    let waiting = WaitGroupName.allCases.map { gs.waiting(in: $0) }
    let lrqs = s.ps.reduce(0 as Int?) { sum, p in sum.flatMap { sum in p.lrq.map { sum + $0 } } }
    let queues = [s.grq, s.grqMax, lrqs, s.timers, s.ms.count]
    let counters = [
      s.switches, s.totalSteals, s.netpoll.wakeups, s.trace.events, s.trace.lost,
    ]
    let words =
      [s.time, s.uptime].map { "\($0)" } + ["\(s.procs)", s.isConsistent ? "1" : "0", "\(gs.live)"]
      + [gs.created, gs.exited].map(field) + (states + waiting).map { "\($0)" } + queues.map(field)
      + counters.map(field) + uses(frame)
    return words.joined(separator: ",")
  }

  /// A field; empty if the fact is not known.
  private static func field(_ value: (some FixedWidthInteger)?) -> String { value.map { "\($0)" } ?? "" }

  /// How the time of all Ps together was spent since the last frame. Empty fields if that is unknown for any P.
  private static func uses(_ frame: Frame) -> [String] {
    let uses = frame.use.compactMap { $0 }
    let parts: [KeyPath<PUse, UInt64>] = [\.window, \.running, \.calls, \.searching, \.idle]
    guard !uses.isEmpty, uses.count == frame.snapshot.ps.count else { return parts.map { _ in "" } }
    return parts.map { part in "\(uses.reduce(0) { $0 &+ $1[keyPath: part] })" }
  }

  // MARK: schedtrace

  /// A line in the form of Go's schedtrace: `SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=1
  /// needspinning=0 idlethreads=3 runqueue=5 [3 4]`
  private static func schedtrace(_ s: Snapshot) -> String {
    let spinning = s.ms.count { $0.state == .spinning }
    let idle = s.ms.count { $0.state == .parked }
    let queues = s.ps.map { p in p.lrq.map { "\($0 + (p.runnext == true ? 1 : 0))" } ?? "-" }
      .joined(separator: " ")
    return
      "SCHED \(s.uptime / 1_000_000)ms: gomaxprocs=\(s.procs) idleprocs=\(s.ps.count { $0.status == .idle })"
      + " threads=\(s.ms.count) spinningthreads=\(spinning) needspinning=0 idlethreads=\(idle)"
      + " runqueue=\(s.grq.orDash) [\(queues)]"
  }
}
