// A client that uses system calls and small buffers. Its kernel accepts little data that the client has not
// read yet.

import Glibc
import MPG
import TestSupport
import Testing

/// Safe because: one G, or one thread, uses it.
final class SlowClient: @unchecked Sendable {
  private let fd: Int32

  /// - Parameter buffer: the bytes, roughly, that the client's kernel accepts unread. With a small buffer,
  ///   the server's kernel learns of new room sooner.
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

  /// Reads up to `most` bytes. Returns their number, 0 at the end of the stream, or minus an errno.
  func read(_ most: Int) -> Int {
    var piece = [UInt8](repeating: 0, count: most)
    return blocking { Self.receive(fd, &piece) }
  }

  /// Reads up to `most` bytes as text; nil at the end of the stream or on an error.
  func readText(_ most: Int) -> String? {
    var piece = [UInt8](repeating: 0, count: most)
    let count = blocking { Self.receive(fd, &piece) }
    return count > 0 ? String(decoding: piece[..<count], as: UTF8.self) : nil
  }

  /// Never inlined: errno belongs to the thread, and a G may change its thread between calls.
  @inline(never)
  private static func receive(_ fd: Int32, _ piece: inout [UInt8]) -> Int {
    let count = unsafe recv(fd, &piece, piece.count, 0)
    return count < 0 ? -Int(errno) : count
  }

  /// Reads to the end. Returns the number of bytes, and 0 for the end of the stream or else an errno.
  func readAll() -> (count: Int, errno: Int) {
    var total = 0
    while true {
      let count = read(8192)
      guard count > 0 else { return (total, -count) }
      total += count
    }
  }

  /// The number of bytes that have arrived and are unread.
  var waiting: Int {
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    return max(0, unsafe recv(fd, &piece, piece.count, Int32(MSG_PEEK | MSG_DONTWAIT)))
  }

  /// Whether the server has reset the connection.
  var isReset: Bool {
    var state = pollfd(fd: fd, events: 0, revents: 0)
    return unsafe poll(&state, 1, 0) == 1 && Int32(state.revents) & POLLERR != 0
  }

  /// Ends sending. The client still reads.
  func finishWriting() { shutdown(fd, Int32(SHUT_WR)) }

  /// Makes closing send a reset instead of an orderly end.
  func resetAtEnd() {
    var option = linger(l_onoff: 1, l_linger: 0)
    check(
      unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size)) == 0,
      "a reset")
  }

  deinit { close(fd) }
}
