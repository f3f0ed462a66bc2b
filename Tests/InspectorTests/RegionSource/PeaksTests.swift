// Peaks belong to one viewer, or to a fixed window. Also the system's account of CPU time.
import Glibc
import Region
import Testing

@testable import Exports
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Peaks, and waiting for CPUs")
struct PeaksTests {
  @Test("a snapshot takes nothing from the next reader: each says from when on its peaks count")
  func twoReaders() throws {
    let region = RegionFixture()
    let source = try region.source()
    let start = monotonicNow()
    Peaks.note(200, at: start, in: { region.word(PField.lrqPeaks, 0, $0) })
    Peaks.note(900, at: start, in: { region.word(SchedField.grqPeaks, 0, $0) })
    for _ in 0..<3 {
      let snapshot = try source.snapshot(peaksSince: start)
      #expect(snapshot.ps[0].lrqMax == 200 && snapshot.grqMax == 900)
    }
    let later = try source.snapshot(peaksSince: start + 1_000_000_000)
    #expect(later.ps[0].lrqMax == 0 && later.grqMax == 0)
    #expect(try source.peaks(since: start) == QueuePeaks(grq: 900, lrq: [200, 0]))
  }

  @Test("the window keeps what was seen for a minute, and no longer")
  func window() throws {
    var window = PeakWindow(at: 0)
    let second: UInt64 = 1_000_000_000
    window.note(QueuePeaks(grq: 7, lrq: [3]), at: 10 * second)
    window.note(QueuePeaks(grq: 2, lrq: [1, 250]), at: 30 * second)
    func maxima() -> (grq: Int?, lrq: [Int?]) {
      var snapshot = Snapshot()
      snapshot.grqMax = 4
      snapshot.ps = (0..<3).map { id in
        var p = Snapshot.P()
        (p.id, p.lrqMax) = (id, 2)
        return p
      }
      window.apply(to: &snapshot)
      return (snapshot.grqMax, snapshot.ps.map(\.lrqMax))
    }
    for _ in 0..<2 { #expect(maxima() == (7, [3, 250, 2])) }
    window.note(QueuePeaks(), at: 71 * second)
    #expect(maxima() == (4, [2, 250, 2]))
    window.note(QueuePeaks(), at: 91 * second)
    #expect(maxima() == (4, [2, 2, 2]))
  }

  @Test("waiting for CPUs is what all threads waited since the first look, new ones from their beginning")
  func cpus() throws {
    var watch = CPUPressureWatch()
    let second: UInt64 = 1_000_000_000
    #expect(watch.recent == nil)
    watch.take([(1, (100, 50)), (2, (10, 5))], at: second)
    #expect(watch.recent?.share == nil && watch.recent?.window == 0)
    watch.take([(1, (400, 150)), (3, (30, 20))], at: 2 * second)
    let pressure = try #require(watch.recent)
    #expect(
      pressure.window == second && pressure.ran == 330 && pressure.waited == 120 && pressure.threads == 2)
    // Another thread has this thread id now, so its account starts anew.
    watch.take([(1, (7, 3))], at: 3 * second)
    #expect(watch.recent?.ran == 330 && watch.recent?.waited == 120)
    for later in UInt64(4)...20 { watch.take([(1, (7, 3))], at: later * second) }
    #expect(watch.recent?.ran == 0 && watch.recent?.window ?? 0 <= 11 * second)
  }

  @Test(
    "time that was calm was not, where a poll came late and found something, back to the look before")
  func unpolled() throws {
    var gauge = PressureGauge(Snapshot(), from: 0)
    func apply(_ kind: EventKind, at time: UInt64, arg: UInt64 = 0) {
      gauge.advance(to: time)
      gauge.apply(Record(kind, time: time, m: 1, g: 5, arg: arg), on: .p(0))
    }
    apply(.goReady, at: 100)
    apply(.goStart, at: 150)  // no P is known to be idle: saturated for 50
    apply(.goReady, at: 400)
    apply(.netpollLate, at: 410, arg: 300)  // since 110: calm from 150 to 400 was not
    apply(.goStart, at: 420)
    apply(.netpollLate, at: 600, arg: 50)
    gauge.advance(to: 700)
    let pressure = gauge.result(Clock(first: (0, 0), second: (0, 0)))
    #expect(pressure.unpolled == 250 + 50 && pressure.saturated == 50 + 20)
    #expect(pressure.calm == 100 + 130 + 100 && pressure.measured == 700)
  }

  @Test("the account of this very thread is read")
  func ownAccount() throws {
    let account = try #require(CPUPressureWatch.read("/proc/self/task/\(getpid())/"))
    #expect(account.ran > 0)
    #expect(CPUPressureWatch.read("/proc/self/task/0/") == nil)
  }
}
