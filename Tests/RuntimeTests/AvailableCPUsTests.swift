// The default number of Ps, from the affinity mask and from the limits of control groups, as fixture folders
// give them.
import Glibc
import TestSupport
import Testing

@testable import MPG

/// The files of a machine that matter here.
private func fixture(_ files: [String: String]) throws -> TemporaryFolder {
  let folder = try TemporaryFolder(on: .disk)
  for (path, text) in files { try folder.write(text.utf8, to: path) }
  return folder
}

private func limit(_ files: [String: String]) throws -> Double? {
  let folder = try fixture(files)
  return withExtendedLifetime(folder) { AvailableCPUs.limit(root: folder.path) }
}

private func count(affinity: Int, _ files: [String: String]) throws -> Int {
  let folder = try fixture(files)
  return withExtendedLifetime(folder) { AvailableCPUs.count(affinity: affinity, root: folder.path) }
}

private let unifiedMount = """
  22 1 0:21 / /proc rw - proc proc rw
  30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate

  """

private let firstMounts = """
  30 23 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
  31 23 0:27 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory

  """

@Suite("CPUs that may be used")
struct AvailableCPUsTests {
  @Test(
    "the quota of the own group, or a smaller one above it, rounded up and at least 2, but not above the affinity",
    arguments: [
      (["a/b": "300000 100000"], 3), (["a/b": "250000 100000"], 3), (["a/b": "50000 100000"], 2),
      (["a/b": "max 100000", "a": "400000 100000"], 4), (["a/b": "600000 100000", "a": "500000 100000"], 5),
      (["a/b": "1200000 100000"], 8), (["a/b": "max 100000"], 8), ([:], 8), (["a/b": "rubbish"], 8),
      (["a/b": "-5 0"], 8), (["a/b": "700000"], 7),
    ] as [([String: String], Int)])
  func unified(limits: [String: String], expected: Int) throws {
    var files = ["proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": unifiedMount]
    for (group, text) in limits { files["sys/fs/cgroup/\(group)/cpu.max"] = text + "\n" }
    #expect(try count(affinity: 8, files) == expected)
  }

  @Test("version 1: quota by period; −1 is none")
  func first() throws {
    var files = [
      "proc/self/cgroup": "5:memory:/elsewhere\n4:cpu,cpuacct:/docker/x\n",
      "proc/self/mountinfo": firstMounts,
      "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "350000\n",
      "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try limit(files) == 3.5)
    files["sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us"] = "-1\n"
    #expect(try limit(files) == nil)
    files["sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us"] = "200000\n"
    files["sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us"] = "50000\n"
    #expect(try limit(files) == 4)
  }

  @Test("in a container, whose mount shows its own group as the top, and under a name with a blank")
  func container() throws {
    let mount = "30 23 0:26 /pod/x /sys/fs/c\\040group rw - cgroup2 cgroup2 rw\n"
    let inside = ["proc/self/mountinfo": mount, "sys/fs/c group/cpu.max": "300000 100000\n"]
    var files = inside
    files["proc/self/cgroup"] = "0::/pod/x\n"
    #expect(try limit(files) == 3)
    files["proc/self/cgroup"] = "0::/\n"
    #expect(try limit(files) == 3)
    files["proc/self/cgroup"] = "0::/pod/x/inner\n"
    files["sys/fs/c group/inner/cpu.max"] = "150000 100000\n"
    #expect(try limit(files) == 1.5)
  }

  @Test("without control groups the affinity decides, and there is always one CPU")
  func without() throws {
    #expect(try count(affinity: 6, [:]) == 6)
    #expect(try count(affinity: 0, [:]) == 1)
    let files = [
      "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": unifiedMount,
      "sys/fs/cgroup/cpu.max": "10000 100000\n",
    ]
    #expect(try count(affinity: 1, files) == 1)
    #expect(AvailableCPUs.count() >= 1)
  }
}
