// How much CPU time control groups (cgroups) allow a process, and how often the kernel stopped the process's threads
// because that time was used up.
//
// The limit may stand in the process's own group and in any group above it; the smallest counts. When the threads of a
// group have used up the group's time of a period, the kernel stops all of them for the rest of that period, whatever they
// do just then. The scheduler inside the program cannot see that. Version 2 of control groups tells limit and stops in
// cpu.max and cpu.stat, version 1 in cpu.cfs_quota_us, cpu.cfs_period_us and cpu.stat. Groups above the top of our own mount
// cannot be seen.

/// The limit of CPU time that holds for a process, and how often it stopped the process in the last ten seconds. A plain
/// value.
public struct CPUQuota: Sendable, Equatable {
  /// The group that has the smallest limit, as a path from the top that is visible.
  public var group: String
  /// The CPU time that the group may use, in CPUs.
  public var cpus: Double
  /// The length of the stretch in which the next numbers were counted, in nanoseconds; 0: there was one look only.
  public var window: UInt64 = 0
  /// The number of the kernel's periods in the stretch, without those in which no thread of the group wanted to run; nil:
  /// the kernel does not tell, or there was one look only.
  public var periods: UInt64?
  /// The number of these periods in which the group's threads were stopped because the time was used up; nil: the
  /// kernel does not tell, or there was one look only.
  public var throttled: UInt64?

  /// Makes a limit of which nothing else is known.
  public init(group: String, cpus: Double) { (self.group, self.cpus) = (group, cpus) }

  /// The share of the periods in which the threads were stopped, 0…1; nil: not known.
  public var throttledShare: Double? {
    guard let periods, let throttled, periods > 0 else { return nil }
    return Double(throttled) / Double(periods)
  }
}

/// Looks at the limits of one process repeatedly. Not thread-safe.
package struct CPUQuotaWatch {
  /// How old a kept reading of the counters may be (`reach`), and the least time between two readings (`interval`), both
  /// in nanoseconds.
  private static let (reach, interval): (UInt64, UInt64) = (10_000_000_000, 1_000_000_000)

  private struct Counts {
    var time: UInt64
    var periods, throttled: UInt64?
  }

  /// A folder in place of `/`, for tests.
  private let root: String
  /// The group with the smallest limit, and its counts by look, the oldest first.
  private var smallest: (group: String, cpus: Double, looks: [Counts])?
  private var next: UInt64 = 0

  package init(root: String = "") { self.root = root }

  /// Looks at the limits of a process, unless the last look was less than a second ago.
  package mutating func look(pid: Int32, at now: UInt64 = monotonicNow()) {
    guard now >= next else { return }
    next = now &+ Self.interval
    guard let found = Self.smallest(of: pid, root: root) else {
      smallest = nil
      return
    }
    let (periods, throttled) = found.counts
    var looks = smallest.flatMap { $0.group == found.group ? $0.looks : nil } ?? []
    looks.append(Counts(time: now, periods: periods, throttled: throttled))
    while looks.count > 2, now > looks[1].time &+ Self.reach { looks.removeFirst() }
    smallest = (found.group, found.cpus, looks)
  }

  /// The smallest limit; nil: there is none, or it cannot be seen.
  package var recent: CPUQuota? {
    guard let smallest, let first = smallest.looks.first, let last = smallest.looks.last else { return nil }
    var quota = CPUQuota(group: smallest.group, cpus: smallest.cpus)
    quota.window = last.time - first.time
    guard smallest.looks.count > 1 else { return quota }  // one look has counted nothing
    if let before = first.periods { quota.periods = last.periods?.excess(over: before) }
    if let before = first.throttled { quota.throttled = last.throttled?.excess(over: before) }
    return quota
  }

  private static func smallest(
    of pid: Int32, root: String
  ) -> (group: String, cpus: Double, counts: (UInt64?, UInt64?))? {
    CPUQuotaTotals(of: pid, root: root).map { ($0.group, $0.cpus, ($0.periods, $0.throttled)) }
  }
}

/// The limit of CPU time that holds for a process, and all that the kernel has counted for it. A plain value.
package struct CPUQuotaTotals: Sendable, Equatable {
  /// The group that has the smallest limit, as a path from the top that is visible.
  package let group: String
  /// The CPU time that the group may use, in CPUs.
  package let cpus: Double
  /// The number of periods since the group was made in which a thread of the group wanted to run; nil: not told.
  package let periods: UInt64?
  /// The number of these periods in which the group's threads were stopped; nil: not told.
  package let throttled: UInt64?
  /// How long the group's threads were stopped, in nanoseconds, over all CPUs; nil: not told.
  package let throttledTime: UInt64?

  /// Makes a value from its parts.
  package init(group: String, cpus: Double, periods: UInt64?, throttled: UInt64?, throttledTime: UInt64?) {
    (self.group, self.cpus, self.periods) = (group, cpus, periods)
    (self.throttled, self.throttledTime) = (throttled, throttledTime)
  }

  /// Looks for the smallest limit; nil: there is none, or it cannot be seen.
  package init?(of pid: Int32, root: String = "") {
    let groups = Self.text(root + "/proc/\(pid)/cgroup")
    let mounts = Self.text(root + "/proc/self/mountinfo")
    var best: (group: String, cpus: Double, folder: String)?
    for isFirst in [false, true] {
      guard let group = Self.group(in: groups, isFirst: isFirst),
        let mount = Self.mount(in: mounts, isFirst: isFirst)
      else { continue }
      for (name, folder) in Self.folders(of: group, mount) {
        guard let cpus = Self.limit(root + folder, isFirst: isFirst), cpus < best?.cpus ?? .infinity else {
          continue
        }
        best = (name, cpus, root + folder)
      }
    }
    guard let best else { return nil }
    let words = Self.text(best.folder + "/cpu.stat").split(whereSeparator: \.isWhitespace)
    func number(after name: Substring) -> UInt64? {
      words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? UInt64(words[$0 + 1]) : nil }
    }
    // Version 2 of control groups tells the stopped time in microseconds, version 1 in nanoseconds.
    let micros = number(after: "throttled_usec").map { $0.multipliedReportingOverflow(by: 1000).partialValue }
    self.init(
      group: best.group, cpus: best.cpus, periods: number(after: "nr_periods"),
      throttled: number(after: "nr_throttled"), throttledTime: micros ?? number(after: "throttled_time"))
  }

  private static func text(_ path: String) -> String {
    String(decoding: wholeFile(path, limit: 1 << 18), as: UTF8.self)
  }

  /// The process's own group. Lines are `number:controllers:path`; that of version 2 has no controllers.
  private static func group(in text: String, isFirst: Bool) -> String? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isOurs = isFirst ? parts[1].split(separator: ",").contains("cpu") : parts[1].isEmpty
      if isOurs { return String(parts[2]) }
    }
    return nil
  }

  /// The folder at which the groups are mounted, and the group that this folder shows. Lines are `id parent device top folder
  /// options [tags] - type source options`.
  private static func mount(in text: String, isFirst: Bool) -> (folder: String, top: String)? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else { continue }
      let isOurs =
        isFirst
        ? words[dash + 1] == "cgroup" && words[dash + 3].split(separator: ",").contains("cpu")
        : words[dash + 1] == "cgroup2"
      if isOurs { return (String(words[4]), String(words[3])) }
    }
    return nil
  }

  /// The group and the groups above it, from the top on, with their folders. Empty: the group does not lie below the top that
  /// is mounted here, so that top is not above the process and its limit does not hold for it.
  private static func folders(
    of group: String, _ mount: (folder: String, top: String)
  ) -> [(name: String, folder: String)] {
    var path = group
    if mount.top != "/" {
      guard group == mount.top || group.hasPrefix(mount.top + "/") else { return [] }
      path = String(group.dropFirst(mount.top.count))
    }
    let parts = path.split(separator: "/")
    guard !parts.contains("..") else { return [] }
    var (name, folders) = ("", [("/", mount.folder)])
    for part in parts.prefix(64) {
      name += "/" + part
      folders.append((name, mount.folder + name))
    }
    return folders
  }

  /// The limit that one folder states, in CPUs; nil: it states none, or none that makes sense.
  private static func limit(_ folder: String, isFirst: Bool) -> Double? {
    let words =
      isFirst
      ? [text(folder + "/cpu.cfs_quota_us"), text(folder + "/cpu.cfs_period_us")]
      : text(folder + "/cpu.max").split(separator: " ").map(String.init)
    let numbers = words.map { Double($0.filter { !$0.isWhitespace }) }
    guard let quota = numbers.first ?? nil, let period = numbers.count > 1 ? numbers[1] : 100_000,
      quota > 0, period > 0, quota.isFinite, period.isFinite
    else { return nil }
    return quota / period
  }
}
