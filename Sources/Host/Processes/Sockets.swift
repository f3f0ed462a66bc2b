// The addresses of a target's sockets, read from /proc without touching the target. Only a live target has them.
//
// /proc/PID/fd/N names the inode of a socket, and /proc/PID/net/tcp lists all connections by inode. With many
// connections that list is long, and the kernel takes milliseconds to write it, so it is read every other second at
// most.
internal import Glibc

/// The thing to which one descriptor of the target leads.
public struct Socket: Sendable, Equatable {
  /// The socket's own address, such as `127.0.0.1:8080`; nil: not known.
  public var local: String?
  /// The address of the other end; nil: not known, or the socket listens.
  public var peer: String?
  /// Whether the socket waits for connections.
  public var isListening = false
  /// The bytes that have arrived and that the target has not read yet (Recv-Q); nil: not known, or the socket listens.
  public var unread: Int?
  /// The bytes that were written and that the other end has not acknowledged yet (Send-Q); nil: not known, or the
  /// socket listens.
  public var unacknowledged: Int?
  /// The kind of the descriptor, unless it is a known TCP socket: `pipe`, `socket`, `eventfd`.
  public var other: String?
  /// Makes a descriptor of which nothing is known.
  public init() {}
}

/// What was found of a process's sockets by one look.
package struct SocketFacts: Equatable {
  /// A descriptor, and what it leads to.
  package struct Found: Equatable {
    package var socket: Socket
    /// The number that the kernel gives the socket; nil: it is no socket.
    package var inode: UInt64?
    package init(socket: Socket, inode: UInt64?) { (self.socket, self.inode) = (socket, inode) }
  }

  /// When the list of connections was read, in nanoseconds of the clock of the process's machine.
  package var readAt: UInt64
  /// What was found, by descriptor: of the descriptors that were asked for, and of those whose queues are not empty.
  package var found: [Int: Found]
  /// Whether all descriptors whose queues are not empty are in `found`. A process may have too many to look at.
  package var hasAllFilled: Bool

  package init(readAt: UInt64, found: [Int: Found], hasAllFilled: Bool) {
    (self.readAt, self.found, self.hasAllFilled) = (readAt, found, hasAllFilled)
  }

  /// What these descriptors lead to, as far as that is known.
  package func sockets(of fds: [Int]) -> [Int: Socket] {
    var result: [Int: Socket] = [:]
    for fd in fds { result[fd] = found[fd]?.socket }
    return result
  }
}

extension Socket {
  /// Whether one of the socket's queues is not empty. A queue of one byte does not count, because it may be just the
  /// end of the stream (FIN), which counts as one byte.
  package var isFilled: Bool { unread ?? 0 > 1 || unacknowledged ?? 0 > 1 }
}

/// Finds what descriptors lead to, and keeps the list of connections for a while. Not thread-safe.
package struct SocketWatch {
  /// The list of connections is kept for at least this many nanoseconds.
  private static let interval: UInt64 = 2_000_000_000
  /// The list of connections is kept for at least this many times as long as it took to read.
  private static let share: UInt64 = 50
  /// At most this many bytes of a list of connections are read: some 100,000 connections.
  private static let mostBytes = 1 << 24
  /// At most this many descriptors are looked at in one call.
  private static let most = 512

  /// The connections that the last reading of /proc/PID/net/tcp found, by inode.
  private var sockets: [UInt64: Socket] = [:]
  /// When the list of connections was read last, in monotonic nanoseconds; 0: never.
  package private(set) var readAt: UInt64 = 0
  /// When the list of connections is to be read again, in monotonic nanoseconds.
  private var next: UInt64 = 0

  package init() {

  }

  /// The thing to which each of these descriptors leads. A descriptor that cannot be read is missing.
  package mutating func look(pid: Int32, fds: [Int]) -> [Int: Socket] {
    refresh(pid)
    var result: [Int: Socket] = [:]
    for fd in fds.prefix(Self.most) { result[fd] = found(pid, fd)?.socket }
    return result
  }

  /// What these descriptors lead to, and all sockets whose queues are not empty.
  ///
  /// - Parameter most: if the process has more descriptors than this, those that are not in `fds` are not looked at.
  package mutating func facts(pid: Int32, fds: [Int], most: Int) -> SocketFacts {
    refresh(pid)
    var facts = SocketFacts(readAt: readAt, found: [:], hasAllFilled: true)
    for fd in fds { facts.found[fd] = found(pid, fd) }
    let full = sockets.filter { $0.value.isFilled }
    if full.isEmpty { return facts }
    guard let names = try? listing(of: "/proc/\(pid)/fd", limit: most + 1), names.count <= most else {
      facts.hasAllFilled = false
      return facts
    }
    for fd in names.lazy.compactMap({ Int($0) }) where facts.found[fd] == nil {
      guard let inode = Self.link("/proc/\(pid)/fd/\(fd)").flatMap(Self.inode), let socket = full[inode]
      else { continue }
      facts.found[fd] = SocketFacts.Found(socket: socket, inode: inode)
    }
    return facts
  }

  /// What a descriptor leads to; nil: it cannot be read.
  private func found(_ pid: Int32, _ fd: Int) -> SocketFacts.Found? {
    guard let name = Self.link("/proc/\(pid)/fd/\(fd)") else { return nil }
    let inode = Self.inode(name)
    if let inode, let known = sockets[inode] { return SocketFacts.Found(socket: known, inode: inode) }
    var socket = Socket()
    socket.other = printable(String(name.prefix { $0 != ":" && $0 != "[" }))
    if name.hasPrefix("anon_inode:") { socket.other = printable(String(name.dropFirst(11))) }
    return SocketFacts.Found(socket: socket, inode: inode)
  }

  private mutating func refresh(_ pid: Int32) {
    let now = monotonicNow()
    guard now >= next else { return }
    let work = CPUWork(of: .thread)
    readAt = now
    sockets.removeAll(keepingCapacity: true)
    for name in ["tcp", "tcp6"] { read("/proc/\(pid)/net/\(name)") }
    next = monotonicNow() + max(Self.interval, work.spent * Self.share)
  }

  /// The inode in the name of a socket, `socket:[4242]`; nil: it is the name of something else.
  private static func inode(_ name: String) -> UInt64? {
    name.hasPrefix("socket:[") ? UInt64(name.dropFirst(8).dropLast()) : nil
  }

  private static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink(path, $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }

  private mutating func read(_ path: String) {
    let bytes = wholeFile(path, limit: Self.mostBytes)
    for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
      if let (inode, socket) = Self.parse(line) { sockets[inode] = socket }
    }
  }

  /// Parses a line of /proc/net/tcp, whose words are: number, local address, remote address, state, queues, … and, as the
  /// tenth word, the inode. nil: the line makes no sense, or has no inode.
  package static func parse(_ line: ArraySlice<UInt8>) -> (inode: UInt64, Socket)? {
    let words = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
    guard words.count > 9, let inode = UInt64(String(decoding: words[9], as: UTF8.self)), inode > 0 else {
      return nil
    }
    var socket = Socket()
    socket.local = address(words[1])
    socket.isListening = words[3].elementsEqual("0A".utf8)
    if !socket.isListening {
      socket.peer = address(words[2])
      let queues = String(decoding: words[4], as: UTF8.self).split(separator: ":").map { Int($0, radix: 16) }
      if queues.count == 2 { (socket.unacknowledged, socket.unread) = (queues[0], queues[1]) }
    }
    return (inode, socket)
  }

  /// The address in a word of /proc/net/tcp: `0100007F:1F90` is 127.0.0.1:8080. The word holds 32-bit numbers in the
  /// machine's byte order, then a port. nil: the word is no address.
  package static func address(_ word: ArraySlice<UInt8>) -> String? {
    let text = String(decoding: word, as: UTF8.self)
    guard let colon = text.firstIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...], radix: 16)
    else { return nil }
    let digits = Array(text[..<colon])
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count - 7, by: 8) {
      guard let word = UInt32(String(digits[start..<start + 8]), radix: 16) else { return nil }
      // The kernel prints the number as a little-endian machine holds it: its lowest byte is the first of the address.
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    switch bytes.count {
    case 4: return "\(dotted(bytes[...])):\(port)"
    case 16:
      let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
      return isMapped ? "\(dotted(bytes[12...])):\(port)" : "[\(colons(bytes))]:\(port)"
    default: return nil
    }
  }

  private static func dotted(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { String($0) }.joined(separator: ".")
  }

  /// The usual short form of an IPv6 address, in which the longest run of zeros is left out.
  private static func colons(_ bytes: [UInt8]) -> String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard unsafe inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Reads a file below /proc until its end, or until `limit` bytes have been read. The size of such a file is not known
/// before it is read. Empty: it cannot be opened.
package func wholeFile(_ path: String, limit: Int) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return [] }
  defer { _ = close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while bytes.count < limit {
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
    }
    guard count > 0 else { break }
    bytes += buffer.prefix(count)
  }
  return bytes
}
