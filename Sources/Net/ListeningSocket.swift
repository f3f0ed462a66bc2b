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
    let address = try Address(host: host, port: port)
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

/// An address to bind to.
private struct Address {
  let family: Int32
  private let storage: sockaddr_storage
  private let length: socklen_t

  init(host: String, port: UInt16) throws(NetError) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, "\(port)", &hints, &list)
    guard code == 0, let first = unsafe list else { throw .failed(call: "getaddrinfo", errno: EADDRNOTAVAIL) }
    defer { unsafe freeaddrinfo(first) }
    var storage = sockaddr_storage()
    unsafe memcpy(&storage, first.pointee.ai_addr, Int(first.pointee.ai_addrlen))
    family = unsafe first.pointee.ai_family
    length = unsafe first.pointee.ai_addrlen
    self.storage = storage
  }

  /// The port that `fd` is bound to, or minus an errno. It lies at the same place for IPv4 and IPv6.
  @inline(never)
  static func port(of fd: Int32) -> Int {
    var storage = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = unsafe withUnsafeMutableBytes(of: &storage) {
      unsafe getsockname(fd, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    return result < 0 ? -Int(errno) : Int(UInt16(bigEndian: storage.sin6_port))
  }

  @inline(never)
  func bind(_ fd: Int32) -> Int {
    let result = unsafe withUnsafeBytes(of: storage) {
      unsafe Glibc.bind(fd, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
    }
    return result < 0 ? -Int(errno) : 0
  }
}
