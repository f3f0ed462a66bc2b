// The targets of `mpgtop serve`: one that was named, or all that there are, which come and go.
internal import Glibc
import Inspector

/// The targets that are watched. Use it on one thread.
struct Fleet {
  /// At most so many targets are watched.
  static let most = 64
  /// How long the server waits for the answers of targets, in nanoseconds.
  private static let patience: UInt64 = 1_000_000_000
  /// After this time a target that could not be read is tried again, in nanoseconds.
  private static let retry: UInt64 = 30_000_000_000

  private let plan: ServePlan
  private let sharers = Sharers()
  private let answered = Bell()
  private let finder: FleetFinder?
  private var watches: [String: TargetWatch] = [:]
  /// Targets that could not be read, and when to try again.
  private var failed: [String: (labels: TargetLabels, until: UInt64)] = [:]
  /// Targets that did not answer in time, which nobody waits for again until they have answered.
  private var late: Set<String> = []
  private var complaints: Set<String> = []
  private var server = ServerMetrics()
  private var question = 0
  /// Whether there is one target, with which the server ends.
  private var isOne: Bool { finder == nil }

  /// All targets in these folders, and Go programs; with `names`, only those of these names.
  init(allIn folders: RegionFolders, names: Set<String>, _ plan: ServePlan) {
    self.plan = plan
    finder = FleetFinder(folders, names: names, labelsPid: plan.labelsPid, news: answered)
  }

  /// One target.
  init(_ source: any SchedulerSource, _ plan: ServePlan) {
    (self.plan, finder) = (plan, nil)
    let target = source.identity
    let labels = TargetLabels(name: target.name, pid: "\(target.pid)", hasPid: plan.labelsPid)
    let handed = Handed(source)
    watches[labels.pid] = TargetWatch(labels, plan, sharers, answered: answered) { handed.value }
  }

  /// The reason why it is not known at the moment whether one of the targets lives; nil: it is known.
  var doubt: InspectorError? { watches.values.lazy.compactMap(\.doubt).first }

  /// Takes note of targets that came and went.
  ///
  /// - Throws: when the only target has ended or cannot be read.
  mutating func attend() throws(Failure) {
    let now = monotonicNow()
    for (key, watch) in watches {
      switch watch.fate {
      case .watched: continue
      case .ended(let ending):
        if isOne { throw Failure(.gone(pid: Int32(watch.labels.pid) ?? 0, ending)) }
      case .failed(let error):
        if isOne { throw Failure(error) }
        complain(of: key, error)
        failed[key] = (watch.labels, now + Self.retry)
      }
      watches[key] = nil
      late.remove(key)
    }
    if let found = finder?.news() { take(found, at: now) }
    sharers.number = UInt64(max(1, watches.count))
  }

  /// Says on standard error why a target cannot be read, once for each target.
  private mutating func complain(of key: String, _ error: InspectorError) {
    guard complaints.count < 1000, complaints.insert(key).inserted else { return }
    say("mpgtop: \(error.description); going on with the others")
  }

  private mutating func take(_ found: [FoundTarget], at now: UInt64) {
    let wanted = wanted(found)
    let keys = Set(wanted.map(\.key))
    for (key, watch) in watches where !keys.contains(key) {
      watch.leave()
      watches[key] = nil
    }
    for key in failed.keys where !keys.contains(key) || failed[key]?.until ?? 0 <= now { failed[key] = nil }
    // Targets that are watched already stay; of the new ones, those that began first are taken first.
    for target in wanted where watches[target.key] == nil && failed[target.key] == nil {
      guard watches.count < Self.most else { break }
      watches[target.key] = TargetWatch(target.labels, plan, sharers, answered: answered, open: target.open)
    }
    server.leftOut = wanted.count - watches.count - failed.count
  }

  /// Returns the targets in the order in which they began, each with labels that no other has. If targets are told
  /// apart by name alone, only the one that began last is returned of each name.
  private func wanted(_ found: [FoundTarget]) -> [FoundTarget] {
    var last: [TargetLabels: FoundTarget] = [:]
    for target in found {
      var labels = target.labels
      if !plan.labelsPid { labels.pid = "" }
      if let other = last[labels], other.bootTime > target.bootTime { continue }
      last[labels] = target
    }
    return last.values.sorted { ($0.bootTime, $0.key) < ($1.bootTime, $1.key) }
  }

  /// The metrics of all targets at this moment.
  mutating func page(_ form: MetricsForm) throws(Failure) -> String {
    let deadline = monotonicNow() + Self.patience
    wait(until: deadline) { finder?.hasSearched ?? true }
    try attend()
    // A late target that has answered the last question meanwhile is waited for again.
    late = late.filter { watches[$0]?.hasAnswered(question) == false }
    question += 1
    for watch in watches.values { watch.ask(question) }
    wait(until: deadline) {
      watches.allSatisfy { late.contains($0.key) || $0.value.hasAnswered(question) }
    }
    try attend()
    var page = MetricsPage(form)
    let rows = watches.map { ($0.key, $0.value.labels, $0.value.answer(question)) }
    for (key, _, answer) in rows { if answer == nil { late.insert(key) } else { late.remove(key) } }
    let all = rows.map { ($0.1, $0.2) } + failed.values.map { ($0.labels, nil) }
    for (labels, metrics) in all.sorted(by: { ($0.0.name, $0.0.pid) < ($1.0.name, $1.0.pid) }) {
      page.add(metrics, labels)
    }
    server.cpu = Self.cpu
    return page.finished(server)
  }

  /// Waits until the condition holds, or the moment has come. The bell rings whenever the condition may have changed.
  private func wait(until deadline: UInt64, _ condition: () -> Bool) {
    while !condition() {
      let now = monotonicNow()
      guard now < deadline else { return }
      answered.wait(atMost: deadline - now)
    }
  }

  /// The CPU time of this process, in nanoseconds.
  private static var cpu: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
