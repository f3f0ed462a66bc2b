// The last answer on a connection arrives whole, even if the client reads late and sends more meanwhile.
import Glibc
import MPG
import Net
import TestSupport
import Testing

@testable import HTTP

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
        let count = client.readAll().count
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
