// Addresses, and the look-up of names.
//
// The C library looks a name up through files, sockets and plug-ins, and blocks the thread until the name server answers.
// So the look-up runs inside `blocking`, like a system call, and other Gs get the P meanwhile.

import Glibc
import MPG

/// An address and a port to bind or connect to, IPv4 or IPv6.
public struct Address: Sendable, Equatable, CustomStringConvertible {
  let family: Int32
  private let storage: sockaddr_storage
  private let length: socklen_t

  /// All addresses of `host` (an address or a name), in the order in which they should be tried. Called from a G, it blocks
  /// the thread, while the P runs other Gs.
  /// - Throws: `.unknownHost`, with the system's explanation.
  public static func resolve(_ host: String, port: UInt16) throws(NetError) -> [Address] {
    switch blocking({ lookUp(host, port, flags: AI_NUMERICSERV) }) {
    case .success(let addresses): return addresses
    case .failure(let failure):
      throw .unknownHost(host, reason: unsafe String(cString: gai_strerror(failure.code)))
    }
  }

  /// The first address of `host`, to listen on.
  static func toListen(host: String, port: UInt16) throws(NetError) -> Address {
    let found = blocking { lookUp(host, port, flags: AI_PASSIVE | AI_NUMERICSERV) }
    guard case .success(let addresses) = found, let first = addresses.first else {
      throw .failed(call: "getaddrinfo", errno: EADDRNOTAVAIL)
    }
    return first
  }

  private init(_ found: addrinfo) {
    var storage = sockaddr_storage()
    unsafe memcpy(&storage, found.ai_addr, Int(found.ai_addrlen))
    family = unsafe found.ai_family
    length = unsafe found.ai_addrlen
    self.storage = storage
  }

  /// Asks the system for the addresses of `host`. Never inlined, and never parks: it reads `errno`. See
  /// SystemCall.swift.
  @inline(never)
  private static func lookUp(_ host: String, _ port: UInt16, flags: Int32) -> Result<[Address], LookUpFailure>
  {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = flags
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, "\(port)", &hints, &list)
    guard code == 0 else { return .failure(LookUpFailure(code: code)) }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [Address] = []
    var next = unsafe list
    while let found = unsafe next {
      unsafe addresses.append(Address(found.pointee))
      unsafe next = found.pointee.ai_next
    }
    return .success(addresses)
  }

  /// Calls `body` with the address in the form that socket calls take. Returns its result, or minus an errno.
  @inline(never)
  func with(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Int32) -> Int {
    let result = unsafe withUnsafeBytes(of: storage) {
      unsafe body($0.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
    }
    return result < 0 ? -Int(errno) : Int(result)
  }

  func bind(_ fd: Int32) -> Int { unsafe with { unsafe Glibc.bind(fd, $0, $1) } }
  func connect(_ fd: Int32) -> Int { unsafe with { unsafe Glibc.connect(fd, $0, $1) } }

  /// The port that `fd` is bound to, or minus an errno. A socket address has its port at the same place for IPv4 and IPv6.
  @inline(never)
  static func port(of fd: Int32) -> Int {
    var storage = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = unsafe withUnsafeMutableBytes(of: &storage) {
      unsafe getsockname(fd, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    return result < 0 ? -Int(errno) : Int(UInt16(bigEndian: storage.sin6_port))
  }

  /// The address and port as text: `127.0.0.1:80`, or `[::1]:80`.
  public var description: String {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let code = unsafe with { address, length in
      unsafe getnameinfo(
        address, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
        NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard code == 0 else { return "?" }
    let (name, port) = (Self.text(host), Self.text(service))
    return family == AF_INET6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  public static func == (a: Address, b: Address) -> Bool { a.description == b.description }
}

/// An error of `getaddrinfo`, with its code (`EAI_…`).
private struct LookUpFailure: Error {
  let code: Int32
}
