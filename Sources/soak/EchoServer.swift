// An echo server on the loopback, and its clients, which may cut their connection at any moment.
import Glibc
import MPG
import Net

final class EchoServer: Sendable {
  private let listener: TCPListener
  private let port: UInt16
  private let ended = Channel<Void>()

  init() throws {
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    port = socket.port
    listener = try TCPListener(socket)
    go { [listener, ended] in
      while let connection = try? listener.accept() {
        go { Self.serve(connection) }
      }
      ended.close()
    }
  }

  func close() {
    listener.close()
    _ = ended.receive()
  }

  private static func serve(_ connection: TCPConnection) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    defer { unsafe buffer.deallocate() }
    connection.setReadDeadline(.after(.seconds(60)))
    while let count = try? unsafe connection.read(into: buffer), count > 0 {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      // A client that has cut the connection is no error.
      guard (try? unsafe connection.write(bytes, within: .seconds(60))) != nil else { return }
    }
  }

  /// Makes a new connection to the server; nil when the system has no port or descriptor left at the moment.
  func connect() throws -> TCPConnection? {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { return nil }
    // Makes `close` reset the connection. Otherwise a long soak would fill the system's table of connections in TIME_WAIT.
    var linger = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    let port = port
    guard blocking({ Self.connect(fd, port) }) else {
      Glibc.close(fd)
      return nil
    }
    _ = fcntl(fd, F_SETFL, O_NONBLOCK)
    return try TCPConnection(fd: fd)
  }

  private static func connect(_ fd: Int32, _ port: UInt16) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return unsafe withUnsafeBytes(of: address) { bytes in
      let raw = unsafe bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self)
      return unsafe Glibc.connect(fd, raw, socklen_t(bytes.count)) == 0
    }
  }
}

/// Sends random bytes a few times, and checks that the same bytes come back; or cuts the connection in between.
@Sendable func useSockets(_ chance: inout Chance, _ bench: Bench) throws {
  guard let connection = try bench.echo.connect() else { return MPG.sleep(.milliseconds(20)) }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
  defer { unsafe buffer.deallocate() }
  for _ in 0..<chance.number(in: 1...5) {
    let bytes = (0..<chance.number(in: 1...4096)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ bench.file.sum) }
    unsafe buffer.copyBytes(from: bytes)
    try unsafe connection.write(
      UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count]), within: .seconds(60))
    if chance.once(in: 4) { return connection.close() }
    var received: [UInt8] = []
    while received.count < bytes.count {
      let count = try unsafe connection.read(into: buffer)
      bench.check(count > 0, "the echo ended after \(received.count) of \(bytes.count) bytes")
      unsafe received += Array(buffer[..<count])
    }
    bench.check(received == bytes, "the echo sent other bytes back")
  }
}

/// Reads from a connection on which nothing comes. Checks that the read ends with `.timedOut`.
@Sendable func missDeadlines(_ chance: inout Chance, _ bench: Bench) throws {
  guard let connection = try bench.echo.connect() else { return MPG.sleep(.milliseconds(20)) }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)
  defer { unsafe buffer.deallocate() }
  connection.setReadDeadline(.after(.seconds(60)))
  connection.setReadDeadline(.after(.milliseconds(chance.number(in: 1...10))))
  do {
    _ = try unsafe connection.read(into: buffer)
    bench.check(false, "a silent socket was read from")
  } catch {
    bench.check(error == .timedOut, "a read past its deadline ended with \(error)")
  }
}
