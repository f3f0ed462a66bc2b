// Two connected sockets. Gs wait for one of them.
import Glibc
import TestSupport
import Testing

@testable import MPG

/// Safe because: descriptors are numbers, and `Pollable` is thread-safe. What is not closed ends with the
/// child.
final class SocketPair: Sendable {
  let near: Pollable
  let far: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw SystemError(call: "socketpair", errno: errno)
    }
    far = ends[1]
    near = try Pollable(fd: ends[0])
  }

  /// Writes into the near end until it would block.
  func fill() { while socketWrite(near.fd, 4096) > 0 {} }
  /// Reads all that has arrived at the far end.
  func drain() { while socketRead(far) > 0 {} }
  /// Writes a byte for the near end to read.
  func give() { check(socketWrite(far, 1) == 1, "the socket to take a byte") }
  /// Whether the near end accepts more bytes now. News of room may be older than the filling, however late it
  /// arrives, because the thread that fetched it may have been kept off its CPU. So a G that waits must ask
  /// again, as every writer does.
  var isWritable: Bool {
    var asked = pollfd(fd: near.fd, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&asked, 1, 0) == 1
  }
  /// Reads one byte; returns whether there was one.
  func take() -> Bool { socketRead(near.fd, 1) == 1 }
}

@inline(never)
func socketWrite(_ fd: Int32, _ count: Int) -> Int {
  let bytes = [UInt8](repeating: 7, count: count)
  return unsafe send(fd, bytes, count, Int32(MSG_NOSIGNAL))
}

/// The result of `recv`: 0 at the end of the stream, −1 when nothing has arrived.
@inline(never)
func socketRead(_ fd: Int32, _ count: Int = 4096) -> Int {
  var bytes = [UInt8](repeating: 0, count: count)
  return unsafe recv(fd, &bytes, count, 0)
}

/// How a wait ends; nil: with news.
func failure(_ wait: () throws -> Void) -> Pollable.Failure? {
  do { try wait() } catch { return error as? Pollable.Failure }
  return nil
}
