// A frame as a line of comma-separated values (docs/mpgtop.md).
import Insight
import Observed
import Region

extension Frame {
  /// The names of the fields of `csv`, in their order.
  public static let csvHead =
    ([
      "t_ns", "uptime_ns", "procs", "consistent", "live", "created", "exited", "running", "runnable",
      "preempted",
    ]
    + ["syscall"] + WaitGroupName.allCases.map(\.rawValue)
    + [
      "grq", "grq_max", "lrq", "timers", "threads", "switches", "steals", "netpoll_wakeups", "events", "lost",
      "p_window_ns", "p_running_ns", "p_calls_ns", "p_searching_ns", "p_idle_ns",
      "unwatched_ns",
    ])
    .joined(separator: ",")

  /// The frame as one line of comma-separated values; a fact that is not known is an empty field.
  public var csv: String {
    let s = snapshot
    let gs = s.gs
    let states = [gs.running, gs.runnable, gs.preempted, gs.syscall]
    let waiting = WaitGroupName.allCases.map { gs.waiting(in: $0) }
    let lrqs = s.ps.reduce(0 as Int?) { sum, p in sum.flatMap { sum in p.lrq.map { sum + $0 } } }
    let queues = [s.grq, s.grqMax, lrqs, s.timers, s.ms.count]
    let counters = [
      s.switches, s.totalSteals, s.netpoll.wakeups, s.trace.events, s.trace.lost,
    ]
    let words =
      ["\(s.time)", Self.field(s.knownUptime), "\(s.procs)", s.isConsistent ? "1" : "0", "\(gs.live)"]
      + [gs.created, gs.exited].map(Self.field) + (states + waiting).map { "\($0)" } + queues.map(Self.field)
      + counters.map(Self.field) + uses + ["\(unwatched ?? 0)"]
    return words.joined(separator: ",")
  }

  /// A field; empty if the fact is not known.
  private static func field(_ value: (some FixedWidthInteger)?) -> String { value.map { "\($0)" } ?? "" }

  /// The time of all Ps together since the last frame, by what they did. Empty fields if that is unknown for
  /// any P.
  private var uses: [String] {
    let uses = use.compactMap { $0 }
    let parts: [(PUse) -> UInt64?] = [
      \.window, \.running, \.calls, \.searching, \.idle,
    ]
    guard !uses.isEmpty, uses.count == snapshot.ps.count else { return parts.map { _ in "" } }
    return parts.map { part in
      Self.field(uses.reduce(0 as UInt64?) { sum, use in sum.flatMap { sum in part(use).map { sum &+ $0 } } })
    }
  }
}
