// Where a process waits for connections, and which program it runs: read from /proc, without touching the process.
internal import Glibc

/// The addresses at which a process can be reached.
package enum ListeningSockets {
  /// At most this many bytes of a list of sockets are read. The kernel lists those that listen first.
  private static let mostBytes = 1 << 16
  /// At most this many descriptors are looked at. A server opens the socket at which it listens early.
  private static let mostDescriptors = 1024

  /// The addresses at which process `pid` waits for TCP connections, such as `127.0.0.1:8080` or `[::]:80`, those of the
  /// lowest descriptors first. Empty: it waits at none, we may not look at it, or it lives in another network namespace.
  package static func addresses(of pid: Int32) -> [String] {
    guard let network = link("/proc/\(pid)/ns/net"), network == link("/proc/self/ns/net") else { return [] }
    var listening: [String: String] = [:]
    for name in ["tcp", "tcp6"] {
      let lines = wholeFile("/proc/\(pid)/net/\(name)", limit: mostBytes).split(separator: UInt8(ascii: "\n"))
      for line in lines.dropFirst() {
        guard let (inode, socket) = SocketWatch.parse(line), socket.isListening else { continue }
        listening["socket:[\(inode)]"] = socket.local
      }
    }
    guard !listening.isEmpty else { return [] }
    return (0..<mostDescriptors).compactMap { link("/proc/\(pid)/fd/\($0)").flatMap { listening[$0] } }
  }

  /// The path of the program that process `pid` runs, even if the file was replaced or removed meanwhile; nil: there is no
  /// such process, or we may not look at it.
  package static func program(of pid: Int32) -> String? {
    guard let path = link("/proc/\(pid)/exe") else { return nil }
    let mark = " (deleted)"
    return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
  }

  private static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink(path, $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }
}
