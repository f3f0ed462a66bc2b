// Connecting: a name is looked up, and its addresses are tried one after the other.
//
// The socket does not block: `connect` starts, and says EINPROGRESS; the G parks until the socket can be written to,
// which is how the kernel says that the attempt is over, one way or the other. The socket is registered with netpoll
// after `connect`, since one that was never connected counts as ready.

import Glibc
import MPG

extension TCPConnection {
  /// Connects to `host` (an address or a name) and `port`. Must be called by a G, which parks meanwhile.
  ///
  /// The addresses of a name are tried in the system's order until one answers; `patience` is for all of them, and for
  /// the look-up, which cannot be cut short: when it took too long the result is `.timedOut` all the same. What is sent
  /// goes out at once (TCP_NODELAY).
  /// - Throws: `.unknownHost`; `.timedOut`; `.cancelled`; or what the last address failed with, such as `.failed` with
  ///   ECONNREFUSED.
  public static func connect(
    host: String, port: UInt16, within patience: Duration? = nil
  ) throws(NetError) -> TCPConnection {
    let deadline = patience.map { Deadline.after($0) }
    let addresses = try Address.resolve(host, port: port)
    var problem = NetError.unknownHost(host, reason: "it has no address")
    for address in addresses {
      do throws(NetError) {
        return try connect(to: address, by: deadline)
      } catch {
        if error == .timedOut || error == .cancelled { throw error }
        problem = error
      }
    }
    throw problem
  }

  /// Connects to one address.
  public static func connect(to address: Address, by deadline: Deadline? = nil) throws(NetError)
    -> TCPConnection
  {
    let fd = SystemCall.socket(address.family)
    guard fd >= 0 else { throw .failed(call: "socket", errno: Int32(-fd)) }
    let number = Int32(fd)
    let started = address.connect(number)
    // EINTR: it goes on, as if it had not been interrupted.
    guard started >= 0 || [-Int(EINPROGRESS), -Int(EINTR)].contains(started) else {
      SystemCall.close(number)
      throw .failed(call: "connect", errno: Int32(-started))
    }
    _ = SystemCall.enable(number, Int32(IPPROTO_TCP), TCP_NODELAY)
    let connection = try TCPConnection(fd: number)
    try connection.awaitPeer(by: deadline)
    return connection
  }

  private func awaitPeer(by deadline: Deadline?) throws(NetError) {
    if let deadline { setWriteDeadline(deadline) }
    while true {
      switch SystemCall.connection(poll.fd) {
      case 0:
        if deadline != nil { setWriteDeadline(nil) }
        return
      case EINPROGRESS:
        do { try poll.wait(.write) } catch { throw NetError(error) }
      case let errno: throw .failed(call: "connect", errno: errno)
      }
    }
  }
}
