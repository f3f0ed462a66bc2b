// Sockets of this machine, for clients and for ports.
import Foundation

/// A TCP socket on 127.0.0.1. The socket is closed together with this object.
package final class LoopbackSocket {
  package let fd: Int32

  private init() throws {
    fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw Broken("socket: errno \(errno)") }
  }

  deinit { close(fd) }

  package convenience init(connectedTo port: UInt16) throws {
    try self.init()
    guard unsafe Self.withAddress(port, { unsafe connect(fd, $0, $1) }) == 0 else {
      throw Broken("connect to \(port): errno \(errno)")
    }
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    unsafe setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  /// A socket that listens on a port; with port 0, the kernel chooses one.
  package convenience init(listening port: UInt16 = 0) throws {
    try self.init()
    var yes: Int32 = 1  // connections of the port's last owner may linger
    unsafe setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard unsafe Self.withAddress(port, { unsafe bind(fd, $0, $1) }) == 0, listen(fd, 1) == 0 else {
      throw Broken("bind: errno \(errno)")
    }
  }

  /// A port on which nobody listens at this moment.
  package static func freePort() throws -> UInt16 { try LoopbackSocket(listening: 0).port }

  package var port: UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = unsafe getsockname(fd, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  package func send(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Foundation.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Broken("send: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// The bytes that have arrived; waits for at least one.
  package func receive() throws -> [UInt8] {
    guard let bytes = try receiveUnlessEnded() else { throw Broken("the server hung up") }
    return bytes
  }

  /// The same; nil at the end of the stream.
  package func receiveUnlessEnded() throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(fd, &bytes, bytes.count, 0)
    guard count >= 0 else { throw Broken("recv: errno \(errno)") }
    return count == 0 ? nil : Array(bytes.prefix(count))
  }

  package func leavesNoTrace() {
    var option = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
    -> Int32
  {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
