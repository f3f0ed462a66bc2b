// Clients that read slowly get all of their answer. Clients that do not read at all are cut off, and can tell
// that they were.

import Foundation
import Glibc
import MPG
import TestSupport
import Testing

@testable import HTTP

@Suite("Slow readers")
struct SlowReaderTests {
  @Test("who reads slowly but steadily has all, though it takes longer than patience with who does not read")
  func steady() async {
    await #expect(processExitsWith: .success) {
      var mux = Mux()
      mux.handle("/") { _, response in response.write([UInt8](repeating: 66, count: 8 << 20)) }
      var limits = Limits()
      limits.write = .milliseconds(800)
      withServer(mux, limits) { test in
        let client = SlowClient(port: test.port, buffer: 64 << 10)
        check(client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), "the request to be sent")
        var total = 0
        let start = ContinuousClock.now
        while case let count = client.read(32 << 10), count != 0 {
          check(count > 0, "no end before the last byte, found errno \(-count) after \(total) bytes")
          total += count
          sleep(.milliseconds(15))
        }
        check(total > 8 << 20, "8 MiB and a head, found \(total)")
        check(start.duration(to: .now) > .seconds(3), "a client that is slow")
      }
    }
  }

  /// Answers that the kernel accepts at once, and answers that it does not.
  @Test(
    "who does not read is cut off, by a reset and not by an end of the stream",
    arguments: [300_000, 16 << 20])
  func stalled(_ size: Int) async {
    await #expect(processExitsWith: .success) { [size = size as Int] in
      var mux = Mux()
      mux.handle("/") { _, response in response.write([UInt8](repeating: 66, count: size)) }
      var limits = Limits()
      limits.write = .milliseconds(300)
      withServer(mux, limits) { test in
        let client = SlowClient(port: test.port)
        check(client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), "the request to be sent")

        while !client.isReset { sleep(.milliseconds(5)) }

        let (count, errno) = client.readAll()
        check(errno == ECONNRESET && count < size, "a reset, found errno \(errno) after \(count) bytes")
      }
    }
  }

  @Test(
    "when time for draining is over, half an answer ends with a reset, and what the system has whole arrives")
  func drained() throws {
    let folder = try TemporaryFolder(on: .disk)
    try folder.write(Data(count: 8 << 20), to: "large")
    try folder.write(Data(count: 300_000), to: "small")
    let demo = try RunningDemo(["--files", folder.path, "--drain-timeout", "500"])
    let (large, small) = (SlowClient(port: demo.port), SlowClient(port: demo.port))
    for (client, name) in [(large, "large"), (small, "small")] {
      #expect(client.send("GET /file?name=\(name) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
      while client.waiting == 0 { usleep(1000) }
    }

    try demo.stop()

    let (cut, reason) = large.readAll()
    #expect(cut < 8 << 20 && reason == ECONNRESET, "\(cut) bytes, errno \(reason)")
    let (whole, end) = small.readAll()
    #expect(whole > 300_000 && end == 0, "\(whole) bytes, errno \(end)")
  }

  @Test("an idle connection ends at the first signal; at the second, what is owed ends with a reset")
  func secondSignal() throws {
    let demo = try RunningDemo([])
    let (asked, begun, idle) = (
      SlowClient(port: demo.port), SlowClient(port: demo.port), SlowClient(port: demo.port)
    )
    #expect(asked.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n"))
    #expect(begun.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /block?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n"))
    // Get one answer first: a connection that is not accepted yet would be reset together with the listener.
    #expect(idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    while begun.waiting == 0 || idle.waiting == 0 { usleep(1000) }
    demo.tellToStop()
    while demo.listens { usleep(1000) }
    // Before the second signal: until its G has run, the server does not know that nothing is owed here.
    let (answer, end) = idle.readAll()
    #expect(answer > 0 && end == 0, "\(answer) bytes, errno \(end)")

    #expect(try demo.stop() == .code(128 + SIGTERM))

    let (none, reason) = asked.readAll()
    #expect(none == 0 && reason == ECONNRESET, "\(none) bytes, errno \(reason)")
    #expect(begun.readAll().errno == ECONNRESET)
  }
}
