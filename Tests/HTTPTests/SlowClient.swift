// A client by the system's own calls, with small buffers: its system takes little that it has not read.

import Glibc
import MPG
import Testing

/// Safe because: one G, or one thread, uses it.
final class SlowClient: @unchecked Sendable {
  private let fd: Int32

  /// - Parameter buffer: bytes that its system takes, roughly; a client that has small ones is told of new room sooner.
  init(port: UInt16, buffer: Int32 = 4096) {
    fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var size = buffer
    check(
      unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) == 0,
      "a small buffer")
    check(Client.reaches(fd, port: port), "to connect")
  }

  func send(_ text: String) -> Bool {
    var bytes = Array(text.utf8)
    return blocking { unsafe Glibc.send(fd, &bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count }
  }

  /// Reads up to so many bytes: how many, 0 at the end of the stream, or minus an errno.
  func read(_ most: Int) -> Int {
    var piece = [UInt8](repeating: 0, count: most)
    return blocking { Self.receive(fd, &piece) }
  }

  /// The same as text; nil at any end.
  func readText(_ most: Int) -> String? {
    var piece = [UInt8](repeating: 0, count: most)
    let count = blocking { Self.receive(fd, &piece) }
    return count > 0 ? String(decoding: piece[..<count], as: UTF8.self) : nil
  }

  /// Never inlined: errno is the thread's own.
  @inline(never)
  private static func receive(_ fd: Int32, _ piece: inout [UInt8]) -> Int {
    let count = unsafe recv(fd, &piece, piece.count, 0)
    return count < 0 ? -Int(errno) : count
  }

  /// Bytes until the end, and what that was: 0 for the end of the stream, else an errno.
  func readAll() -> (count: Int, errno: Int) {
    var total = 0
    while true {
      let count = read(8192)
      guard count > 0 else { return (total, -count) }
      total += count
    }
  }

  /// Bytes that have arrived and are unread.
  var waiting: Int {
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    return max(0, unsafe recv(fd, &piece, piece.count, Int32(MSG_PEEK | MSG_DONTWAIT)))
  }

  /// Whether the server's end is no more.
  var isReset: Bool {
    var state = pollfd(fd: fd, events: 0, revents: 0)
    return unsafe poll(&state, 1, 0) == 1 && Int32(state.revents) & POLLERR != 0
  }

  /// Says that nothing more comes; it still reads.
  func finishWriting() { shutdown(fd, Int32(SHUT_WR)) }

  /// Lets its end be a reset.
  func resetAtEnd() {
    var option = linger(l_onoff: 1, l_linger: 0)
    check(
      unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size)) == 0,
      "a reset")
  }

  deinit { close(fd) }
}
