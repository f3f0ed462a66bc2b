// A bell: one thread rings it, another waits for it, at most for a time. Several rings before the other comes are one.
internal import Glibc

/// Lets a thread sleep until another one wants it. May be used from any thread.
final class Bell: Sendable {
  /// The ends of a pipe that never blocks. −1: there were no free descriptors; then a wait lasts its time.
  private let readEnd, writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    _ = unsafe pipe(&ends)
    for end in ends where end >= 0 {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  func ring() {
    var token: UInt8 = 1
    _ = unsafe write(writeEnd, &token, 1)  // a full pipe has rung already
  }

  /// Waits for the next ring, at most so many nanoseconds.
  func wait(atMost time: UInt64) {
    var door = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    // Rounded up, so that whoever waits for a moment does not come before it and go round once more.
    let milliseconds = Int32(clamping: (time + 999_999) / 1_000_000)
    guard unsafe poll(&door, 1, milliseconds) > 0 else { return }
    var tokens = [UInt8](repeating: 0, count: 64)
    while unsafe read(readEnd, &tokens, tokens.count) > 0 {}
  }
}
