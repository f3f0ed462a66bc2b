// A snapshot as a line like those that Go prints with GODEBUG=schedtrace (docs/mpgtop.md).
import Observed
import Region

extension Snapshot {
  /// A line in the form of Go's schedtrace: `SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=1
  /// needspinning=0 idlethreads=3 runqueue=5 [3 4]`
  public var schedtrace: String {
    let spinning = ms.count { $0.state == .spinning }
    let idle = ms.count { $0.state == .parked }
    let queues = ps.map { p in p.lrq.map { "\($0 + (p.runnext == true ? 1 : 0))" } ?? "-" }
      .joined(separator: " ")
    return
      "SCHED \(uptime / 1_000_000)ms: gomaxprocs=\(procs) idleprocs=\(ps.count { $0.status == .idle })"
      + " threads=\(ms.count) spinningthreads=\(spinning) needspinning=0 idlethreads=\(idle)"
      + " runqueue=\(grq.map { "\($0)" } ?? "-") [\(queues)]"
  }
}
