// How another thread tells the screen's thread that there is something new to show.
import Glibc

/// Wakes a running `App` so that it asks for a frame at once instead of at the next refresh.
///
/// Any thread may call `wake`, at any time, also before the app runs. Wakes that meet are one. Without free
/// descriptors nothing wakes, and the app keeps to its refresh interval.
public final class Waker: Sendable {
  /// The end of a pipe that is readable after a wake; owned, as is the other end. -1 without descriptors.
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

  /// Never waits: a pipe that is full has woken already.
  public func wake() {
    var token: UInt8 = 1
    _ = unsafe write(writeEnd, &token, 1)
  }

  /// Whether a wake came that has not been taken.
  var isAwake: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) == 1
  }

  /// Takes all wakes that came so far.
  func drain() {
    var tokens: [UInt8] = Array(repeating: 0, count: 64)
    while unsafe read(descriptor, &tokens, tokens.count) > 0 {}
  }
}
