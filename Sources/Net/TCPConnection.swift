// A connection whose reads and writes park the G until they can go on; they never block the thread.
//
// Readiness is edge-triggered: the system call is tried first, and the G waits only after EAGAIN. Netpoll remembers an
// edge that comes between the call and the wait, so no edge is lost.

import Glibc
import MPG
import Synchronization

/// A connected stream socket.
///
/// Thread-safe in this sense: at any time one G may read, one G may write, and any G may set the read deadline or close the
/// connection. The descriptor itself is closed with the last reference. Otherwise the system could give its number to another
/// file while a G still uses it. The last reference may be dropped anywhere: by a G, by a task, or inside `blocking`.
public final class TCPConnection: Sendable {
  let poll: Pollable

  /// Takes over `fd`, which must be non-blocking: a TCP or any other stream socket. Must be called from a G.
  /// - Throws: `.failed` when netpoll cannot watch it; it is closed then.
  public init(fd: Int32) throws(NetError) {
    do {
      poll = try Pollable(fd: fd)
    } catch {
      SystemCall.close(fd)
      throw .failed(call: error.call, errno: error.errno)
    }
  }

  deinit {
    poll.close()
    SystemCall.close(poll.fd)
  }

  /// Parks until there is something to read, and reads into `buffer`. Returns the number of bytes read, 0 at the end of the
  /// stream.
  ///
  /// `buffer` must stay at its address while the G is parked: it must be allocated memory, not a pointer that some
  /// `withUnsafe…` lends.
  /// - Throws: `.timedOut` past the read deadline; `.closed`; `.cancelled`; `.failed` with an errno, such as ECONNRESET.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(NetError) -> Int {
    while true {
      let result = unsafe SystemCall.receive(poll.fd, buffer)
      if result >= 0 { return result }
      try wait(.read, after: Int32(-result), of: "recv")
    }
  }

  /// Writes all of `bytes`, and parks whenever the peer is slow to read.
  ///
  /// - Parameters:
  ///   - bytes: memory that stays at its address while the G is parked.
  ///   - patience: how long to wait while the peer takes nothing (see `Delivery`). As long as the peer takes something, the
  ///     write goes on. A write that need not wait sets no timer.
  /// - Throws: `.timedOut` when the peer took nothing for that long. The caller cannot know how much was written, so it
  ///   should abort the connection.
  public func write(_ bytes: UnsafeRawBufferPointer, within patience: Duration) throws(NetError) {
    var written = 0
    var delivery: Delivery?
    while written < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
      let result = unsafe SystemCall.send(poll.fd, rest)
      if result >= 0 {
        written += result
        continue
      }
      if result == -Int(EAGAIN) {
        if delivery == nil { delivery = Delivery(within: patience) }
        guard let time = delivery?.look(taken: written - unacknowledged) else { throw .timedOut }
        setWriteDeadline(.after(time))
      }
      do {
        try wait(.write, after: Int32(-result), of: "send")
      } catch .timedOut {
        // This time-out says only that it is time for the next look at the peer, so try again.
      }
    }
  }

  /// Sets the moment at which waits to write end with `.timedOut`.
  func setWriteDeadline(_ deadline: Deadline?) { poll.setDeadline(deadline, for: .write) }

  /// Sets the moment at which reads end with `.timedOut`. The new moment holds at once, also for a G that waits
  /// already.
  public func setReadDeadline(_ deadline: Deadline?) { poll.setDeadline(deadline, for: .read) }

  /// Tells the peer that no more data follows. What the peer sends can still be read.
  public func finishWriting() { _ = SystemCall.shutdown(poll.fd, SHUT_WR) }

  /// Makes the connection end with a reset when it is closed, so that the peer learns that it has not received everything.
  /// Bytes that are not sent by then are dropped.
  public func abort() { _ = SystemCall.dropAtClose(poll.fd) }

  /// The number of written bytes, the end of the stream counted as one, that the peer's system has not
  /// acknowledged yet. If the connection is closed now and the peer sends anything more, these bytes may be
  /// lost, because a closed socket answers with a reset.
  public var unacknowledged: Int { SystemCall.unacknowledged(poll.fd) }

  /// What the system knows of the peer without reading from the connection.
  public enum Peer: Sendable {
    /// As far as can be seen, the peer is there, and may still send and read.
    case here
    /// The peer sends nothing more. Whether it still reads cannot be known.
    case silent
    /// The connection was reset, or has failed: the peer reads nothing any more.
    case gone
  }

  /// The state of the peer, even while bytes that it sent are unread. Known for TCP only; a peer of another kind of socket
  /// is `here`.
  public var peer: Peer {
    guard let state = SystemCall.information(poll.fd)?.tcpi_state else { return .here }
    switch Int(state) {
    case TCP_CLOSE_WAIT: return .silent
    case TCP_CLOSE: return .gone
    default: return .here
    }
  }

  /// Parks until there may be new bytes to read, or `peer` may have changed. Reads nothing. Only one G at a time may read or
  /// be in this call.
  /// - Throws: `.timedOut` past the read deadline; `.closed`; `.cancelled`.
  public func awaitNews() throws(NetError) {
    do { try poll.wait(.read) } catch { throw NetError(error) }
  }

  /// Has the running G go on with `body` once its present body has returned and there may be something to read, the read deadline
  /// has passed, or the connection was closed. Until then the G takes no memory for a stack.
  public func rest(then body: sending @escaping () throws -> Void) { poll.rest(until: .read, then: body) }

  /// Writes one byte if that is possible at once. Returns how many bytes were written, 0 or 1. Only one G at a time may write
  /// or be in this call.
  public func writeNow(_ byte: UInt8) -> Int {
    var byte = byte
    return unsafe withUnsafeBytes(of: &byte) { unsafe max(0, SystemCall.send(poll.fd, $0)) }
  }

  /// How long ago the peer's system last acknowledged anything; nil when the system cannot tell, as for a socket without TCP.
  public var sinceAcknowledgement: Duration? {
    SystemCall.information(poll.fd).map { .milliseconds($0.tcpi_last_ack_recv) }
  }

  /// Makes every wait end with `.closed`, those that go on now and later ones. The descriptor is closed with the last reference.
  public func close() { poll.close() }

  private func wait(
    _ direction: Pollable.Direction, after errno: Int32, of call: String
  ) throws(NetError) {
    switch errno {
    case EINTR: return
    case EAGAIN:
      do { try poll.wait(direction) } catch { throw NetError(error) }
    default: throw .failed(call: call, errno: errno)
    }
  }
}
