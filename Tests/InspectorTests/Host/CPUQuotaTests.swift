// The limits of CPU time that control groups set, on folders that look like those of the kernel.
import Foundation
import TestSupport
import Testing

@testable import Host

@Suite("Limits of CPU time")
struct CPUQuotaTests {
  private func write(_ files: [String: String], in folder: TemporaryFolder) throws {
    for (path, text) in files {
      let place = URL(fileURLWithPath: folder.path + path)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: place)
    }
  }

  private func quota(_ files: [String: String], then changed: [String: String] = [:]) throws -> CPUQuota? {
    let folder = try TemporaryFolder()
    try write(files, in: folder)
    var watch = CPUQuotaWatch(root: folder.path)
    watch.look(pid: 42, at: 1_000_000_000)
    try write(changed, in: folder)
    watch.look(pid: 42, at: 3_000_000_000)
    return watch.recent
  }

  private let second = [
    "/proc/42/cgroup": "0::/kube/pod/app\n",
    "/proc/self/mountinfo": "30 20 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n",
    "/sys/fs/cgroup/kube/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/kube/pod/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/kube/pod/cpu.stat": "usage_usec 7\nnr_periods 100\nnr_throttled 10\nthrottled_usec 5\n",
    "/sys/fs/cgroup/kube/pod/app/cpu.max": "400000 100000\n",
  ]

  @Test("the smallest limit of all groups above counts, with what it did since the first look")
  func unified() throws {
    let stat = "nr_periods 120\nnr_throttled 15\n"
    let quota = try #require(try quota(second, then: ["/sys/fs/cgroup/kube/pod/cpu.stat": stat]))
    #expect(quota.group == "/kube/pod" && quota.cpus == 1.5 && quota.window == 2_000_000_000)
    #expect(quota.periods == 20 && quota.throttled == 5 && quota.throttledShare == 0.25)
  }

  @Test("the totals are all that the kernel has counted, times in nanoseconds")
  func totals() throws {
    let folder = try TemporaryFolder()
    try write(second, in: folder)
    let totals = CPUQuotaTotals(of: 42, root: folder.path)
    #expect(
      totals
        == CPUQuotaTotals(group: "/kube/pod", cpus: 1.5, periods: 100, throttled: 10, throttledTime: 5000))
    #expect(CPUQuotaTotals(of: 43, root: folder.path) == nil)
  }

  @Test("version 1 has files of its own, and a container's mount its own top")
  func first() throws {
    let quota = try #require(
      try quota([
        "/proc/42/cgroup": "4:cpu,cpuacct:/docker/ab\n3:memory:/docker/ab\n",
        "/proc/self/mountinfo":
          "33 30 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
      ]))
    #expect(quota.group == "/" && quota.cpus == 0.5 && quota.periods == 0 && quota.throttledShare == nil)
  }

  @Test("no limit, and files that make no sense, are no limit")
  func none() throws {
    var files = second
    for name in ["kube/pod", "kube/pod/app"] { files["/sys/fs/cgroup/\(name)/cpu.max"] = "max 100000\n" }
    #expect(try quota(files) == nil && quota([:]) == nil)
    files["/sys/fs/cgroup/kube/cpu.max"] = "many 0\n"
    #expect(try quota(files) == nil)
    files["/sys/fs/cgroup/kube/cpu.max"] = "100000 0\n"
    #expect(try quota(files) == nil)
  }
}
