// Binding and listening: done before the runtime boots, so that a port that is taken costs no thread and no
// region.

import Glibc

/// A TCP socket that listens, but from which nobody accepts yet.
///
/// It owns its descriptor until a `TCPListener` takes it over.
public struct ListeningSocket: Sendable {
  public let fd: Int32
  /// The port, also when the system picked it.
  public let port: UInt16

  /// Listens on `host` (an IPv4 or IPv6 address, or a name) and `port` (0: one that the system picks).
  ///
  /// Connections inherit TCP_NODELAY from here: answers are written whole, there is nothing to wait for.
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
