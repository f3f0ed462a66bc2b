// Connecting: a name is looked up, and its addresses are tried one after the other.
//
// The socket does not block: `connect` starts the attempt and fails with EINPROGRESS. The G then parks until the socket can
// be written to. The kernel reports that when the attempt has succeeded and when it has failed. The socket is registered
// with netpoll only after `connect`, because a socket that was never connected counts as ready.

import Glibc
import MPG

extension TCPConnection {
  /// Connects to `host` (an address or a name) and `port`. Must be called by a G, which parks meanwhile.
  ///
  /// The addresses of a name are tried in the system's order until one answers. `patience` bounds the look-up and all
  /// attempts together. A look-up cannot be cut short, so a slow one ends late, with `.timedOut`. The connection sends data
  /// at once (TCP_NODELAY).
  /// - Throws: `.unknownHost`; `.timedOut`; `.cancelled`; or the error of the last address, such as `.failed` with
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

  /// Connects to one address. Must be called by a G, which parks meanwhile.
  /// - Parameters:
  ///   - address: one of those that `Address.resolve` found.
  ///   - deadline: the moment at which to give up; nil: the attempt goes on until the system gives up.
  /// - Throws: `.timedOut`; `.cancelled`; `.failed` with what the system says, such as ECONNREFUSED.
  public static func connect(to address: Address, by deadline: Deadline? = nil) throws(NetError)
    -> TCPConnection
  {
    let fd = SystemCall.socket(address.family)
    guard fd >= 0 else { throw .failed(call: "socket", errno: Int32(-fd)) }
    let number = Int32(fd)
    let started = address.connect(number)
    // After EINTR the attempt goes on in the kernel, as after EINPROGRESS.
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
