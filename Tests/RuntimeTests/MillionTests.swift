// A million Gs. `make test-million` runs these tests and prints what they measured. They take gigabytes, so
// nothing else runs them.
import Foundation
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// The file that measurements are appended to; nil: these tests do not run.
private let report = ProcessInfo.processInfo.environment["MPG_MILLION"]

/// Runs in a child process: appends a line to the report.
private func note(_ line: String) {
  guard let report, let file = unsafe fopen(report, "a") else { return }
  unsafe fputs(line + "\n", file)
  unsafe fclose(file)
}

private let million = 1_000_000

@Suite("A million Gs", .serialized, .enabled(if: report != nil, "runs with make test-million"))
struct MillionTests {
  @Test("a burst of 1,000,000 Gs at once fits, and is forgotten within 5 s", arguments: [64, 256])
  func burstIsForgotten(stackKiB: Int) async {
    await #expect(processExitsWith: .success) { [stackKiB = stackKiB as Int] in
      var options = Options(procs: 2)
      options.stackKiB = stackKiB
      MPG.main(options) {
        fixTrimThreshold()
        burst(1_000)
        MPG.sleep(.seconds(4))
        let before = Footprint.now()
        let high = burst(million)
        let bytes = (high.total - before.total) * 1024 / million
        note(
          "stacks of \(stackKiB) KiB: before \(before.total) KiB, with 1,000,000 parked Gs \(high.total) KiB:"
        )
        note(
          "  \(bytes) bytes a G, of them \((high.pageTables - before.pageTables) * 1024 / million) page tables"
        )
        check(high.total < 24 << 20, "a million Gs in 24 GiB")
        let seconds = fallBack(to: before, within: 5)
        let after = Footprint.now()
        note(
          "  after \(seconds) s: \(after.total) KiB (anonymous and program \(after.resident - after.file), "
            + "region \(after.file), page tables \(after.pageTables)); before "
            + "\(before.resident - before.file), \(before.file), \(before.pageTables)")
      }
    }
  }

  @Test("100,000 sleepers wake, none early, and leave nothing behind")
  func sleepers() async {
    await #expect(processExitsWith: .success) {
      MPG.main(Options(procs: 2)) {
        fixTrimThreshold()
        burst(1_000)
        MPG.sleep(.seconds(4))
        let before = Footprint.now()
        let count = 100_000
        let group = WaitGroup()
        let early = Counter()
        let up = WaitGroup()
        group.add(count)
        up.add(count)
        for index in 0..<count {
          go {
            let start = DispatchTime.now().uptimeNanoseconds
            let milliseconds = 8_000 + index % 1_000
            up.done()
            MPG.sleep(.milliseconds(milliseconds))
            if DispatchTime.now().uptimeNanoseconds - start < milliseconds * 1_000_000 { early.add(1) }
            group.done()
          }
        }
        up.wait()
        check(parked(.sleep) > count * 9 / 10, "100,000 Gs to sleep at once")
        let high = Footprint.now()
        group.wait()
        checkEqual(early.value, 0, "sleepers that woke early")
        let seconds = fallBack(to: before, within: 5)
        note(
          "100,000 sleepers: \((high.total - before.total) * 1024 / count) bytes each; before \(before.total) KiB, "
            + "after \(seconds) s \(Footprint.now().total) KiB")
      }
    }
  }
}
