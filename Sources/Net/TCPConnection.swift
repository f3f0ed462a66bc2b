// A connection with blocking-style reads and writes that park the G, never the thread.
//
// Readiness is edge-triggered: a call is tried first, and only EAGAIN makes the G wait. Netpoll remembers an
// edge that came between the try and the wait, so none is lost.

import Glibc
import MPG
import Synchronization

/// A connected stream socket.
///
/// Thread-safe in this sense: at any time one G may read, another write, and any G may set the read deadline
/// or close it. The descriptor is closed with the last reference, so no G can be in a call on a number that
/// was given away anew. That reference may be dropped anywhere: by a G, by a task, inside `blocking`.
public final class TCPConnection: Sendable {
  let poll: Pollable

  /// Takes over `fd`, which must be non-blocking: a TCP or any other stream socket.
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

  /// Parks until there is something to read, and reads up to what `buffer` holds; 0 at the end of the stream.
  ///
  /// `buffer` must stay where it is while the G is parked: memory that it owns, not the inside of a
  /// `withUnsafe…`.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(NetError) -> Int {
    while true {
      let result = unsafe SystemCall.receive(poll.fd, buffer)
      if result >= 0 { return result }
      try wait(.read, after: Int32(-result), of: "recv")
    }
  }

  /// Writes all of `bytes`, parking whenever the peer is slow to read.
  ///
  /// - Parameter patience: how long the peer may take nothing at all (see `Delivery`); as long as it takes some, the write
  ///   goes on. A write that need not wait pays no timer.
  /// - Throws: `.timedOut` when patience is at its end. How much was written is not known then: the connection is of no more
  ///   use, and should be aborted.
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
        // Only the time until the next look is over.
      }
    }
  }

  /// When a wait to write gives up with `.timedOut`.
  func setWriteDeadline(_ deadline: Deadline?) { poll.setDeadline(deadline, for: .write) }

  /// When reads give up with `.timedOut`; at once for a G that waits already.
  public func setReadDeadline(_ deadline: Deadline?) { poll.setDeadline(deadline, for: .read) }

  /// Tells the peer that nothing more follows. What it sends can still be read.
  public func finishWriting() { _ = SystemCall.shutdown(poll.fd, SHUT_WR) }

  /// Lets the connection end with a reset when it is closed: the peer is told that what it has had is not all. What it has
  /// not been sent yet is dropped then.
  public func abort() { _ = SystemCall.dropAtClose(poll.fd) }

  /// Bytes written, the end of the stream included, that the peer's system has not acknowledged yet. A connection that is
  /// closed now loses them if the peer sends anything more: to that a closed socket answers with a reset.
  public var unacknowledged: Int { SystemCall.unacknowledged(poll.fd) }

  /// What is known of a peer while nobody reads.
  public enum Peer: Sendable {
    case here
    /// It sends nothing more; whether it still reads cannot be seen.
    case silent
    /// The connection was reset, or has failed: nobody reads what is written.
    case gone
  }

  /// How the peer stands, whatever it has sent that is not read yet. Only of TCP: another peer is `here`.
  public var peer: Peer {
    guard let state = SystemCall.information(poll.fd)?.tcpi_state else { return .here }
    switch Int(state) {
    case TCP_CLOSE_WAIT: return .silent
    case TCP_CLOSE: return .gone
    default: return .here
    }
  }

  /// Parks until there may be something new to read, or of the peer; takes nothing. As for a read, one G at a time.
  public func awaitNews() throws(NetError) {
    do { try poll.wait(.read) } catch { throw NetError(error) }
  }

  /// Writes one byte if that is possible at once; how many were written. As for a write, one G at a time.
  public func writeNow(_ byte: UInt8) -> Int {
    var byte = byte
    return unsafe withUnsafeBytes(of: &byte) { unsafe max(0, SystemCall.send(poll.fd, $0)) }
  }

  /// How long ago the peer's system last acknowledged anything; nil where that cannot be known.
  public var sinceAcknowledgement: Duration? {
    SystemCall.information(poll.fd).map { .milliseconds($0.tcpi_last_ack_recv) }
  }

  /// Ends every wait with `.closed`, now and later. The descriptor goes with the last reference.
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
