// The last answer on a connection arrives whole, though the client reads late and sends more meanwhile.
import Glibc
import MPG
import Net
import Testing

@testable import HTTP

/// A client by the system's own calls, with small buffers: its system takes little that it has not read.
///
/// Safe because: one G uses it.
private final class SlowClient: @unchecked Sendable {
  private let fd: Int32

  init(port: UInt16) {
    fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var size: Int32 = 4096
    check(
      unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) == 0,
      "a small buffer")
    check(Client.reaches(fd, port: port), "to connect")
  }

  func send(_ text: String) -> Bool {
    var bytes = Array(text.utf8)
    return blocking { unsafe Glibc.send(fd, &bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count }
  }

  /// Bytes until the end of the stream, or an error.
  func readAll() -> Int {
    var total = 0
    var piece = [UInt8](repeating: 0, count: 8192)
    while true {
      let count = blocking { unsafe recv(fd, &piece, piece.count, 0) }
      guard count > 0 else { return total }
      total += count
    }
  }

  /// Bytes that have arrived and are unread.
  var waiting: Int {
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    return max(0, unsafe recv(fd, &piece, piece.count, Int32(MSG_PEEK | MSG_DONTWAIT)))
  }

  deinit { close(fd) }
}

@Suite("The last answer")
struct LastAnswerTests {
  enum End: CaseIterable, Codable { case connectionClose, oldVersion, idle, shutDown }

  private static let size = 300_000

  @Test("is whole, though a byte comes late, after the server has said all", arguments: End.allCases)
  func lateByte(end: End) async {
    await #expect(processExitsWith: .success) { [end = end as End] in
      var mux = Mux()
      mux.handle("/") { _, response in response.write([UInt8](repeating: 66, count: LastAnswerTests.size)) }
      var limits = Limits()
      if end == .idle { limits.idle = .milliseconds(50) }
      withServer(mux, limits) { test in
        let client = SlowClient(port: test.port)
        let version = end == .oldVersion ? "1.0" : "1.1"
        let field = end == .connectionClose ? "Connection: close\r\n" : ""
        check(client.send("GET / HTTP/\(version)\r\nHost: a\r\n\(field)\r\n"), "the request to be sent")
        while client.waiting == 0 { sleep(.milliseconds(1)) }
        while test.server.counters.requests.load(ordering: .relaxed) == 0 { sleep(.milliseconds(1)) }
        if end == .shutDown { test.server.shutDown() }
        sleep(.milliseconds(150))  // the server that closes at once has closed by now

        check(client.send("x"), "a late byte to be sent")

        sleep(.milliseconds(50))
        let count = client.readAll()
        check(count > LastAnswerTests.size, "\(LastAnswerTests.size) bytes and a head, found \(count)")
      }
    }
  }

  @Test("to a client that sends on and on, the connection ends all the same")
  func endlessClient() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.body = 10
      withServer(testMux(), limits) { test in
        let client = SlowClient(port: test.port)
        check(
          client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"),
          "the head to be sent")
        let piece = String(repeating: "x", count: 1 << 14)
        var sent = 0
        while client.send(piece), sent < 64 << 20 { sent += piece.utf8.count }
        check(sent < 64 << 20, "the connection to end")
      }
    }
  }
}
