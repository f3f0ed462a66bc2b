// Processes of other namespaces, as far as a region made by hand can play one. EndToEndTests/NamespaceTests
// uses real ones.
import Glibc
import Region
import Testing

@testable import Host
@testable import Inspector
@testable import RegionSource

@Suite("Where a process lives")
struct ResidenceTests {
  @Test("what a time namespace adds is read from its lines, and is nothing where there are none")
  func offsets() {
    let text = "monotonic           100         5\nboottime          -7200 500000000\n"
    #expect(Residence.offset("monotonic", in: text) == 100_000_000_005)
    #expect(Residence.offset("boottime", in: text) == -7_199_500_000_000)
    for text in ["", "monotonic", "monotonic 1", "monotonic x 1", "boottime 1 1"] {
      #expect(Residence.offset("monotonic", in: text) == 0)
    }
  }

  @Test("times are moved by what both namespaces add, and not at all within one")
  func shift() {
    let here = Residence(pid: 1, time: 1, monotonic: 5_000_000_000, boottime: 7_000_000_000)
    let there = Residence(pid: 1, time: 2, monotonic: 1_000_000_000, boottime: 17_000_000_000)
    #expect(there.shift(to: here) == 4_000_000_000)
    #expect(there.starts(50_000, seenFrom: here) == 48_999...49_001)
    var same = there
    same.time = here.time
    #expect(same.shift(to: here) == 0 && same.starts(50_000, seenFrom: here) == 50_000...50_000)
    // Absurd values from a region must not trap.
    let noise = Residence(pid: 1, time: 9, monotonic: .min, boottime: .min)
    #expect(
      noise.starts(.max, seenFrom: here).contains(0) || noise.starts(.max, seenFrom: here).lowerBound > 0)
    for (moved, start) in [
      (Int64.min, UInt64.max), (.min, 0), (.max, .max), (.max, 0), (0, .max), (here.boottime - 5, .max),
    ] {
      let odd = Residence(pid: 1, time: 9, monotonic: moved, boottime: moved)
      #expect(!odd.starts(start, seenFrom: here).isEmpty)
      _ = odd.shift(to: here)
    }
    _ = noise.shift(to: here)
  }

  @Test("a region of another time namespace has its times moved to ours")
  func times() throws {
    let region = RegionFixture()
    let before = try #require(region.targets().first?.bootTime)
    region[HeaderField.timeNamespace] = Residence.own.time &+ 1
    // The process's clock is ahead of ours, but not by more than this machine has been up, which may be minutes.
    let ahead = before / 2
    region[HeaderField.monotonicOffset] = UInt64(bitPattern: Residence.own.monotonic + Int64(ahead))

    #expect(region.targets().first?.bootTime == before - ahead)
  }

  @Test("of another pid namespace nobody is taken for the process that has its number here")
  func foreign() throws {
    let region = RegionFixture()
    region[HeaderField.pidNamespace] = 1
    region[HeaderField.isLocked] = 1

    // Nobody holds the lock, so the process is dead, although a process with its pid and start time exists
    // here.
    #expect(region.targets().map(\.state) == [.ended(.killed)])
    #expect(throws: InspectorError.notATarget(pid: getpid(), name: ProcessIdentity.name(of: getpid()) ?? ""))
    {
      try region.target(pid: getpid())
    }
    #expect(try RegionFolders([region.folder.path]).blackBox(pid: getpid()).state == .ended(.killed))

    region.lock()
    let target = try #require(region.targets().first)
    #expect(target.state == .elsewhere && target.isLive)
    let inspector = try Inspector(target)
    #expect(try inspector.ending() == nil && inspector.threads == nil)
    #expect(try RegionFolders([region.folder.path]).target(pid: getpid()).state == .elsewhere)

    region.unlock()
    #expect(try inspector.ending() == .killed)
    // A writer that could not lock its file is never taken for dead.
    region[HeaderField.isLocked] = 0
    #expect(region.targets().map(\.state) == [.elsewhere])
    region[HeaderField.state] = region.raw(ProcessState.exited)
    #expect(region.targets().map(\.state) == [.ended(.exited(code: 0))])
  }

  @Test("a copy of the descriptor that outlives a process of our own namespace does not make it alive")
  func heir() throws {
    let region = RegionFixture(process: ProcessIdentity(pid: try DiscoveryTests.deadPid(), startTime: 1))
    region[HeaderField.pidNamespace] = Residence.own.pid
    region[HeaderField.isLocked] = 1
    region.lock()

    #expect(region.targets().map(\.state) == [.ended(.killed)])
  }

  @Test(
    "threads of a process here are found by their own numbers, and of another namespace only those that are told"
  )
  func threads() throws {
    #expect(ThreadPlaces(pid: 7, isForeign: false).folders(of: [8, 0, -1]) == [8: "/proc/7/task/8/"])
    // This process is in our own namespace, so its threads have the same ids there and here.
    let found = ThreadPlaces(pid: getpid(), isForeign: true).folders(of: [getpid(), 2_000_000_000])
    #expect(found == [getpid(): "/proc/\(getpid())/task/\(getpid())/"])
    #expect(ThreadPlaces(pid: 2_000_000_000, isForeign: true).folders(of: [1]).isEmpty)
  }
}
