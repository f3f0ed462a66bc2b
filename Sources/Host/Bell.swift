// A bell: any thread rings it, one thread waits for it. Several rings before the waiting thread wakes count as one.
internal import Glibc

/// Lets a thread sleep until another one wakes it. `ring` may be called from any thread, all else by one thread at
/// a time.
///
/// If the process has no free descriptors, ringing does nothing, and a wait lasts as long as its limit.
package final class Bell: Sendable {
  /// The read end of a pipe, readable after a ring; −1: there was no free descriptor. The bell owns both ends.
  package let descriptor: Int32
  private let writeEnd: Int32

  package init() {
    var ends: [Int32] = [-1, -1]
    _ = unsafe pipe(&ends)
    for end in ends where end >= 0 {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (descriptor, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// Rings. This never blocks: if the pipe is full, the bell has rung already.
  package func ring() {
    var token: UInt8 = 1
    _ = unsafe write(writeEnd, &token, 1)
  }

  /// Whether the bell has rung, and neither `drain` nor `wait` has taken the ring yet.
  package var hasRung: Bool { poll(atMost: 0) }

  /// Takes all rings, so that the next wait does not end because of them.
  package func drain() {
    var tokens = [UInt8](repeating: 0, count: 64)
    while unsafe read(descriptor, &tokens, tokens.count) > 0 {}
  }

  /// Waits for the next ring, at most so many nanoseconds, and takes it.
  package func wait(atMost time: UInt64) {
    // Rounded up, so that a caller that waits for a moment does not wake before it, only to wait once more.
    if poll(atMost: Int32(clamping: (time + 999_999) / 1_000_000)) { drain() }
  }

  private func poll(atMost milliseconds: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe Glibc.poll(&request, 1, milliseconds) == 1
  }
}
