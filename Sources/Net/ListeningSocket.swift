// Binding and listening. A program can do this before the runtime boots. Then, if another program has the port already, it
// fails before it has made threads and a region.

import Glibc

/// A TCP socket that listens, but from which no connections are accepted yet.
///
/// The descriptor stays open until a `TCPListener` takes the socket over.
public struct ListeningSocket: Sendable {
  /// The descriptor; a `TCPListener` closes it.
  public let fd: Int32
  /// The port to which the socket is bound.
  public let port: UInt16

  /// Listens on `host` and `port`.
  ///
  /// Accepted connections inherit TCP_NODELAY from this socket: their answers are written whole, so the kernel should not wait
  /// for more data. The call needs no G, and no runtime.
  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address, or a name.
  ///   - port: 0: the system picks a free one.
  ///   - backlog: the number of connections that the kernel keeps until the program accepts them.
  /// - Throws: `.failed` with the call and its errno, such as EADDRINUSE of `bind`; EADDRNOTAVAIL where `host` has no
  ///   address.
  public init(host: String, port: UInt16, backlog: Int32 = 4096) throws(NetError) {
    let address = try Address.toListen(host: host, port: port)
    let fd = try Self.check("socket", SystemCall.socket(address.family))
    do {
      _ = try Self.check("setsockopt", SystemCall.enable(fd, SOL_SOCKET, SO_REUSEADDR))
      _ = try Self.check("setsockopt", SystemCall.enable(fd, Int32(IPPROTO_TCP), TCP_NODELAY))
      _ = try Self.check("bind", address.bind(fd))
      _ = try Self.check("listen", SystemCall.listen(fd, backlog))
      self.port = port != 0 ? port : UInt16(try Self.check("getsockname", Address.port(of: fd)))
      self.fd = fd
    } catch {
      SystemCall.close(fd)
      throw error
    }
  }

  private static func check(_ call: String, _ result: Int) throws(NetError) -> Int32 {
    guard result >= 0 else { throw .failed(call: call, errno: Int32(-result)) }
    return Int32(result)
  }
}
