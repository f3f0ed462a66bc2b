// An address such as `127.0.0.1:9464`, and the socket that listens on it.
import ArgumentParser
internal import Glibc

/// A numeric address and a port. `localhost` stands for 127.0.0.1.
struct ListenAddress: ExpressibleByArgument {
  /// The address as the user wrote it.
  let text: String
  private let host: String
  private let port: UInt16
  private let isIPv6: Bool

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"),
      let port = UInt16(argument[argument.index(after: colon)...])
    else { return nil }
    var host = String(argument[..<colon])
    isIPv6 = host.hasPrefix("[") && host.hasSuffix("]")
    if isIPv6 { host = String(host.dropFirst().dropLast()) }
    if host == "localhost" { host = "127.0.0.1" }
    var bytes = in6_addr()
    guard unsafe inet_pton(isIPv6 ? AF_INET6 : AF_INET, host, &bytes) == 1 else { return nil }
    (text, self.host, self.port) = (argument, host, port)
  }

  /// Opens a non-blocking socket that listens on the address. The caller must close it. Also returns the address with the
  /// real port: for port 0, the one that the system chose.
  func listen() throws(Failure) -> (socket: Int32, address: String) {
    let family = isIPv6 ? AF_INET6 : AF_INET
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let descriptor = socket(family, Int32(kind), 0)
    guard descriptor >= 0 else { throw failure(errno) }
    var yes: Int32 = 1  // lets us bind while old connections of the port are in TIME_WAIT
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard let port = bound(descriptor) else {
      let reason = errno
      close(descriptor)
      throw failure(reason)
    }
    return (descriptor, isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)")
  }

  /// Binds and listens, and returns the port; nil: that failed, and `errno` says why.
  private func bound(_ descriptor: Int32) -> UInt16? {
    var storage = sockaddr_storage()
    var length = socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafeMutableBytes(of: &storage) { raw -> UInt16? in
      // Both address types begin with the family and the port, so byte 2 is the port; `storage` has room for either.
      if isIPv6 {
        var address = sockaddr_in6()
        (address.sin6_family, address.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
        unsafe inet_pton(AF_INET6, host, &address.sin6_addr)
        unsafe raw.storeBytes(of: address, as: sockaddr_in6.self)
      } else {
        var address = sockaddr_in()
        (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        unsafe inet_pton(AF_INET, host, &address.sin_addr)
        unsafe raw.storeBytes(of: address, as: sockaddr_in.self)
      }
      guard let address = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        unsafe bind(descriptor, address, length) == 0, Glibc.listen(descriptor, SOMAXCONN) == 0,
        unsafe getsockname(descriptor, address, &length) == 0
      else { return nil }
      return unsafe UInt16(bigEndian: raw.load(fromByteOffset: 2, as: UInt16.self))
    }
  }

  private func failure(_ error: Int32) -> Failure {
    let reason = unsafe strerror(error).map { unsafe String(cString: $0) } ?? "errno \(error)"
    return Failure(ExitCode.system, "cannot listen on \(text): \(reason)")
  }
}
