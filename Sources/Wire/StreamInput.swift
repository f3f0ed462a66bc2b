// Where the bytes of a stream come from: standard input, or a connection that is made anew when it ends.
internal import Glibc
import Host

/// Brings the bytes of one stream after the other. Not thread-safe.
package protocol StreamInput: AnyObject {
  /// Reads what has come, at most `most` bytes, without waiting.
  ///
  /// - Returns: the bytes; empty: none have come yet; nil: the stream has ended.
  func read(most: Int) -> [UInt8]?

  /// Waits until bytes have come or the stream has ended, at most so many milliseconds.
  func wait(milliseconds: Int32)

  /// Sends a line to the other side.
  ///
  /// - Returns: false if the other side takes none.
  func send(_ line: String) -> Bool

  /// Whether there is a way to connect again when the connection has ended.
  var reconnects: Bool { get }

  /// Begins a new connection in place of the one that has ended, without waiting for it.
  ///
  /// - Returns: false if there is no way to connect again.
  func reconnect() -> Bool

  /// A connection to the youngest process of this name at the other side; nil: there is no way to it.
  func successor(named name: String) -> (any StreamInput)?

  /// Why the connection has ended, in words that follow "the stream"; nil: nothing more is known.
  var ending: String? { get }

  /// Whether the other side has ended because the process is not there any more. Is asked when the connection has ended, and may
  /// wait for half a second.
  var targetIsGone: Bool { get }
}

extension StreamInput {
  /// False: a stream tells the end of the process itself, with its last message.
  package var targetIsGone: Bool { false }
}

/// A stream on an open descriptor, which ends for good when its sender ends.
package final class DescriptorInput: StreamInput {
  private let descriptor: Int32

  /// - Parameter descriptor: belongs to this object from now on.
  package init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  package func read(most: Int) -> [UInt8]? { Self.read(descriptor, most: most) }
  package func wait(milliseconds: Int32) { Self.wait(descriptor, milliseconds) }
  package func send(_ line: String) -> Bool { false }
  package var reconnects: Bool { false }
  package func reconnect() -> Bool { false }
  package func successor(named name: String) -> (any StreamInput)? { nil }
  package var ending: String? { nil }

  /// Reads without waiting, whatever the descriptor's flags are, which others may share.
  package static func read(_ descriptor: Int32, most: Int) -> [UInt8]? {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&entry, 1, 0) > 0 else { return [] }
    var got = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      got = unsafe Glibc.read(descriptor, buffer.baseAddress, most)
      count = max(0, got)
    }
    if got < 0 { return errno == EINTR || errno == EAGAIN ? [] : nil }
    return got == 0 ? nil : bytes
  }

  package static func wait(_ descriptor: Int32, _ milliseconds: Int32) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    unsafe poll(&entry, 1, milliseconds)
  }
}
