// Lone runner: one G keeps a P busy while another P is idle. The scheduler is right, and no G waits, but the
// machine could do more if the work were spread over several Gs.
import History
import Observed

/// Value: the length of the stretch up to now, in nanoseconds, of which the G has run for nine tenths or more,
/// in one go or in several. The lint reports two seconds or more, if another P was idle for half of the last
/// ten seconds.
struct LoneRunner: Lint {
  static let time: UInt64 = 2_000_000_000
  static let share = 0.9
  static let idle = 0.5

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard snapshot.procs > 1, instruments.isLongEnough, let (g, since) = busiest(instruments) else {
      return []
    }
    let lasted = instruments.time - min(since, instruments.time)
    let running = instruments.running.first { $0.g == g }
    let idle = instruments.recent.ps.first { p in
      p.p != running?.p && p.p < snapshot.procs
        && Double(p[.idle]) >= Self.idle * Double(instruments.recentTime)
    }
    guard lasted >= Self.time, let idle else { return [] }
    let name = instruments.name(of: g)
    let place = running.map { "P\($0.p)" } ?? "a P"
    let message =
      "\(name.text) has kept \(place) busy for \(TimeText.short(lasted)) while P\(idle.p) is idle: a G runs on one P at a time,"
      + " so nobody else may take its work; more Gs could"
    return [
      Finding(
        lint: LintName.loneRunner.rawValue, message: message, g: g, entry: name.entry, request: name.request,
        value: Double(lasted), threshold: Double(Self.time))
    ]
  }

  /// The G with the longest stretch of which it has run for nine tenths or more, and the beginning of that
  /// stretch, in nanoseconds; nil: no G has one.
  private func busiest(_ instruments: Instruments) -> (g: UInt64, since: UInt64)? {
    let gs = Set(instruments.recent.busy.keys).union(instruments.running.map(\.g))
    return gs.sorted().compactMap { g in since(g, instruments).map { (g, $0) } }.min { $0.1 < $1.1 }
  }

  /// The moment from which on a G has run for nine tenths of the time or more, in nanoseconds; nil: there is
  /// no such moment.
  private func since(_ g: UInt64, _ instruments: Instruments) -> UInt64? {
    let (now, run) = (instruments.time, instruments.running.first { $0.g == g })
    var since = run?.since
    var busy = run.map { now - min(now, $0.since) } ?? 0
    for second in instruments.seconds.reversed() {
      busy &+= second.activity.busy[g] ?? 0
      let start = max(second.number &* 1_000_000_000, instruments.since)
      guard now > start else { continue }
      if Double(busy) >= Self.share * Double(now - start) { since = min(start, since ?? start) }
    }
    return since
  }
}
