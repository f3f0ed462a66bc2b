// How many CPUs this process may use: the default number of Ps.
//
// The affinity mask says on which CPUs the threads may run; a container's limit says how much time they may use there.
// With more Ps than the limit allows, the kernel stops *all* threads for the rest of each period, in the middle of
// anything. The limit may stand in the process's own control group and in any group above it; the smallest counts. It
// is rounded up, so that none of it is wasted, and is at least 2 (if there are two CPUs): with one P a G that computes
// holds up all others, and a stop at the end of a period costs less than that. Go 1.25 decides the same.
import CMPG

enum AvailableCPUs {
  /// The number of CPUs, at least 1.
  static func count() -> Int { count(affinity: Int(mpg_cpus()), root: "") }

  /// - Parameter root: a folder in place of `/`, for tests.
  static func count(affinity: Int, root: String) -> Int {
    guard let limit = limit(root: root) else { return max(affinity, 1) }
    return max(min(affinity, max(Int(limit.rounded(.up)), 2)), 1)
  }

  /// The CPU time that the control groups allow, in CPUs; nil: there is no limit.
  static func limit(root: String) -> Double? {
    guard let groups = SystemCall.contents(of: root + "/proc/self/cgroup"),
      let mounts = SystemCall.contents(of: root + "/proc/self/mountinfo")
    else { return nil }
    return [Hierarchy.unified, .first].compactMap { hierarchy -> Double? in
      guard let group = hierarchy.group(in: groups), let mount = hierarchy.mount(in: mounts) else {
        return nil
      }
      return folders(of: group, in: mount).compactMap { hierarchy.limit(in: root + $0) }.min()
    }.min()
  }

  /// A place where a hierarchy of control groups is mounted: the folder, and the control group whose files lie in that
  /// folder.
  fileprivate struct Mount {
    let folder: String
    let top: String
  }

  /// The folders of a group and of the groups above it, as far as they are visible.
  private static func folders(of group: String, in mount: Mount) -> [String] {
    var path = group
    if mount.top != "/" {
      // In a container the mount shows the container's own group as the top.
      guard group == mount.top || group.hasPrefix(mount.top + "/") else { return [mount.folder] }
      path = String(group.dropFirst(mount.top.count))
    }
    var folders = [mount.folder]
    for part in path.split(separator: "/") where part != ".." {
      folders.append(folders[folders.count - 1] + "/" + part)
    }
    return folders
  }
}

/// The two kinds of control groups.
private enum Hierarchy {
  /// Control groups of version 2; and the cpu controller of version 1.
  case unified, first

  /// The process's own group: a path from the top. Lines are `number:controllers:path`.
  func group(in text: String) -> String? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      switch self {
      case .unified: if parts[0] == "0", parts[1].isEmpty { return String(parts[2]) }
      case .first: if parts[1].split(separator: ",").contains("cpu") { return String(parts[2]) }
      }
    }
    return nil
  }

  /// The hierarchy's mount. Lines are `id parent device top folder options [tags] - type source options`; blanks in
  /// names are `\040`.
  func mount(in text: String) -> AvailableCPUs.Mount? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else { continue }
      let isOurs =
        switch self {
        case .unified: words[dash + 1] == "cgroup2"
        case .first: words[dash + 1] == "cgroup" && words[dash + 3].split(separator: ",").contains("cpu")
        }
      if isOurs { return AvailableCPUs.Mount(folder: Self.plain(words[4]), top: Self.plain(words[3])) }
    }
    return nil
  }

  private static func plain(_ word: Substring) -> String {
    var text = ""
    var rest = word
    while let character = rest.popFirst() {
      if character == "\\", let code = UInt8(rest.prefix(3), radix: 8) {
        text.unicodeScalars.append(Unicode.Scalar(code))
        rest = rest.dropFirst(3)
      } else {
        text.append(character)
      }
    }
    return text
  }

  /// The limit that the files in one cgroup's folder state, in CPUs; nil: they state no limit, or a senseless one.
  func limit(in folder: String) -> Double? {
    switch self {
    case .unified:
      let words = (SystemCall.contents(of: folder + "/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
      guard let quota = words.first.flatMap({ Double($0) }) else { return nil }  // `max`: no limit
      return Self.ratio(quota, words.count > 1 ? Double(words[1]) : 100_000)
    case .first:
      return Self.ratio(Self.number(folder + "/cpu.cfs_quota_us"), Self.number(folder + "/cpu.cfs_period_us"))
    }
  }

  private static func number(_ path: String) -> Double? {
    SystemCall.contents(of: path)?.split(whereSeparator: \.isWhitespace).first.flatMap { Double($0) }
  }

  private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
    guard let quota, let period, quota > 0, period > 0, quota.isFinite, period.isFinite else { return nil }
    return quota / period
  }
}
