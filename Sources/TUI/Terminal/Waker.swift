// A waker: another thread uses it to tell the screen's thread that there is something new to show.
import Glibc

/// Makes a running `App` ask for a frame at once instead of at the next refresh.
///
/// Any thread may call `wake` at any time, even before the app runs. Several wakes before the app has taken
/// one count as one. If the process has no free descriptors, waking does nothing, and the app keeps to its
/// refresh interval.
public final class Waker: Sendable {
  /// The read end of a pipe, readable after a wake; -1: there was no free descriptor. The waker owns both
  /// ends.
  let descriptor: Int32
  private let writeEnd: Int32

  public init() {
    var ends: [Int32] = [-1, -1]
    unsafe pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (descriptor, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// Wakes the app. This never blocks: if the pipe is full, a wake is already waiting.
  public func wake() {
    var token: UInt8 = 1
    _ = unsafe write(writeEnd, &token, 1)
  }

  /// Whether a wake is waiting.
  var isAwake: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) == 1
  }

  /// Takes all waiting wakes.
  func drain() {
    var tokens: [UInt8] = Array(repeating: 0, count: 64)
    while unsafe read(descriptor, &tokens, tokens.count) > 0 {}
  }
}
