// The tests' own client, as a G uses it, and helpers for child processes in which server and client run
// together.

import Glibc
import MPG
import Net
import TestSupport
import Testing

@testable import HTTP

/// Runs in a child process: boots the runtime, serves `mux` on a free port of 127.0.0.1, and runs `body` as
/// the main G. The server is shut down when `body` returns. SIGALRM ends a child that hangs.
func withServer(
  _ mux: Mux = testMux(), _ limits: Limits = Limits(), procs: Int = 2,
  _ body: @Sendable @escaping (TestServer) throws -> Void
) -> Never {
  alarm(120)
  MPG.main(MPG.Options(procs: procs)) {
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    let test = TestServer(server: Server(mux, limits: limits), port: socket.port)
    go { test.ended.send(try test.server.serve(socket)) }
    try body(test)
    test.server.shutDown()
    check(test.ended.receive() == 0, "no connection to be left when the server has shut down")
  }
}

/// Runs in a child process: limits the child to `count` descriptors.
func limitDescriptors(_ count: UInt) {
  var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(count))
  check(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, "setrlimit to work")
}

final class TestServer: Sendable {
  let server: Server
  let port: UInt16
  /// Receives the number of connections that `serve` left open, when `serve` has returned.
  let ended = Channel<Int>(capacity: 1)

  init(server: Server, port: UInt16) {
    self.server = server
    self.port = port
  }

  func connect() throws -> Client { try Client(port: port) }
}

/// A connection to the server.
final class Client: Sendable {
  let connection: TCPConnection

  /// Connects. This blocks the thread, but only briefly: on loopback the kernel answers by itself.
  init(port: UInt16) throws {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    check(fd >= 0, "a socket")
    Client.connect(fd, port: port)
    connection = try TCPConnection(fd: fd)
  }

  init(connected fd: Int32) throws { connection = try TCPConnection(fd: fd) }

  /// Connects `fd` and makes it non-blocking.
  static func connect(_ fd: Int32, port: UInt16) {
    check(reaches(fd, port: port), "to connect")
    _ = fcntl(fd, F_SETFL, O_NONBLOCK)
  }

  /// Whether `fd` can connect to `port`.
  static func reaches(_ fd: Int32, port: UInt16) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return unsafe withUnsafeBytes(of: address) {
      unsafe Glibc.connect(
        fd, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(MemoryLayout<sockaddr_in>.size))
        == 0
    }
  }

  func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { unsafe buffer.deallocate() }
    unsafe buffer.copyBytes(from: bytes)
    try unsafe connection.write(UnsafeRawBufferPointer(buffer), within: .seconds(60))
  }

  /// Reads until `count` responses are complete, or the server ends the stream.
  func receive(_ count: Int) throws -> [(status: Int, head: String, body: String)] {
    var text = ""
    while completeResponses(text) < count {
      guard let piece = try read() else { break }
      text += piece
    }
    return responses(text)
  }

  /// Reads until the server ends the stream.
  func receiveAll() throws -> String {
    var text = ""
    while let piece = try read() { text += piece }
    return text
  }

  /// The next text; nil: the stream has ended.
  private func read() throws -> String? {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
    defer { unsafe buffer.deallocate() }
    let count = try unsafe connection.read(into: buffer)
    return count == 0 ? nil : unsafe String(decoding: buffer[..<count], as: UTF8.self)
  }
}
