// A process that mostly waits for another one: its only lasting G reads a pipe. If the runtime took that wait for a deadlock,
// it would end the process with exit code 2.
//
// The other process, the writer, makes two kinds of pauses. Pauses of 5 to 40 ms let every thread fall asleep. Pauses of 11.9
// to 12.5 ms follow a pause of 30 ms, and end when sysmon has just found that all is idle. Now and then another G sleeps, or
// is in a system call for a moment, so that the process becomes idle in other ways too.
import Glibc
import MPG

struct Reader {
  private let options: Options
  private let seed: UInt64

  init(_ options: Options, seed: UInt64) { (self.options, self.seed) = (options, seed) }

  func work() throws {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { violation("no pipe: errno \(errno)", seed: seed) }
    // the writer must not inherit the reading end: its writes would still succeed when this process has ended
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let writer = startSelf(
      ["--writer", "\(ends[1])", "--seed", "\(seed)", "--minutes", "\(options.minutes)"], seed: seed)
    close(ends[1])
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    let count = try read(from: ends[0])
    close(ends[0])
    var status: Int32 = 0
    _ = blocking { unsafe waitpid(writer, &status, 0) }
    guard status == 0 else { violation("the writer ended with wait status \(status)", seed: seed) }
    say("mpg-soak: \(count) bytes read from another process")
  }

  /// Reads until the writer ends, and returns the number of bytes. The bytes count up, so a missing one is noticed.
  private func read(from fd: Int32) throws -> Int {
    var chance = Chance(seed: seed &+ 3)
    let poll = try Pollable(fd: fd)
    defer { poll.close() }
    var (count, byte) = (0, UInt8(0))
    while true {
      let got = unsafe Glibc.read(fd, &byte, 1)
      if got == 0 { return count }
      guard got > 0 else {
        try poll.wait(.read)
        continue
      }
      guard byte == UInt8(truncatingIfNeeded: count) else {
        violation("byte \(count) of another process was \(byte)", seed: seed)
      }
      count += 1
      disturb(&chance)
    }
  }

  private func disturb(_ chance: inout Chance) {
    let microseconds = chance.number(in: 0...2000)
    if chance.once(in: 20) { go { MPG.sleep(.microseconds(microseconds)) } }
    if chance.once(in: 20) { go { _ = blocking { usleep(UInt32(microseconds)) } } }
  }
}

/// The process that writes. It does not use the runtime.
struct Writer {
  let fd: Int32
  let seed: UInt64
  let minutes: Double

  func run() -> Never {
    var chance = Chance(seed: seed &+ 4)
    let end = monotonicNanoseconds() + UInt64(minutes * 60e9)
    var count: UInt8 = 0
    while monotonicNanoseconds() < end {
      if chance.once(in: 4) {
        sleep(nanoseconds: chance.number(in: 5_000_000...40_000_000))
        write(&count)
      } else {
        sleep(nanoseconds: 30_000_000)
        write(&count)
        sleep(nanoseconds: chance.number(in: 11_900_000...12_500_000))
        write(&count)
      }
    }
    exit(0)
  }

  private func write(_ count: inout UInt8) {
    guard unsafe Glibc.write(fd, &count, 1) == 1 else { exit(1) }
    count &+= 1
  }

  /// Sleeps exactly to the microsecond: it spins for the last 300 µs.
  private func sleep(nanoseconds: Int) {
    let end = monotonicNanoseconds() + UInt64(nanoseconds)
    usleep(UInt32(max(0, nanoseconds / 1000 - 300)))
    while monotonicNanoseconds() < end {}
  }
}
