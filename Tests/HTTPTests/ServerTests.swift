// The server over real sockets, with its client in the same runtime: time-outs, the cap on connections, lack
// of descriptors, shutdown.

import Glibc
import MPG
import Net
import TestSupport
import Testing

@testable import HTTP

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Server")
struct ServerTests {
  @Test("a connection serves one request after another, and is counted")
  func keepAlive() async {
    await #expect(processExitsWith: .success) {
      withServer { test in
        let client = try test.connect()
        for _ in 0..<3 {
          try client.send(get)
          check(try client.receive(1).map(\.body) == ["Hello World"], "a greeting")
        }
        check(test.server.counters.accepted.load(ordering: .relaxed) == 1, "one connection")
        // The server counts the third answer only after it has written it.
        while test.server.counters.requests.load(ordering: .relaxed) < 3 { yield() }
      }
    }
  }

  @Test("a thousand connections at once are all answered")
  func manyConnections() async {
    await #expect(processExitsWith: .success) {
      withServer { test in
        limitDescriptors(4096)
        let clients = try (0..<1000).map { _ in try test.connect() }
        let done = WaitGroup()
        for client in clients {
          done.add()
          go {
            try client.send(get + get)
            check(try client.receive(2).map(\.body) == ["Hello World", "Hello World"], "two greetings")
            done.done()
          }
        }
        done.wait()
        check(test.server.counters.accepted.load(ordering: .relaxed) == 1000, "a thousand connections")
      }
    }
  }

  @Test("an answer larger than any socket buffer arrives whole at a client that reads late")
  func largeAnswer() async {
    await #expect(processExitsWith: .success) {
      var mux = Mux()
      mux.handle("/big") { _, response in response.write(String(repeating: "x", count: 8 << 20)) }
      withServer(mux) { test in
        let client = try test.connect()
        try client.send("GET /big HTTP/1.0\r\n\r\n")
        yield()
        let text = try client.receiveAll()
        check(responses(text)[0].body.utf8.count == 8 << 20, "8 MiB")
      }
    }
  }

  @Test("a head that does not come to an end gets 408, also when a byte comes now and then")
  func slowHead() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.header = .milliseconds(100)
      withServer(testMux(), limits) { test in
        let (silent, dripping) = (try test.connect(), try test.connect())
        try silent.send("GET / HT")
        go {
          // Until the server closes the connection.
          while (try? dripping.send("G")) != nil { sleep(.milliseconds(10)) }
        }
        check(try silent.receiveAll().hasPrefix("HTTP/1.1 408 "), "408 for silence")
        check(try dripping.receive(1).map(\.status) == [408], "408 for dripping")
      }
    }
  }

  @Test("a body that does not come to an end gets 408")
  func slowBody() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.content = .milliseconds(50)
      withServer(testMux(), limits) { test in
        let client = try test.connect()
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        check(try client.receiveAll().hasPrefix("HTTP/1.1 408 "), "408")
      }
    }
  }

  @Test("an idle connection is closed without a word, before its first request and after one")
  func idle() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.idle = .milliseconds(50)
      withServer(testMux(), limits) { test in
        check(try test.connect().receiveAll().isEmpty, "nothing")

        let client = try test.connect()
        try client.send(get)
        check(responses(try client.receiveAll()).count == 1, "one answer and the end")
      }
    }
  }

  @Test("an idle connection rests: its G has no stack, and it is answered, closed and ended as before")
  func rests() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      (limits.quiet, limits.idle) = (.milliseconds(30), .milliseconds(600))
      withServer(testMux(), limits) { test in
        let (client, other) = (try test.connect(), try test.connect())
        for _ in 0..<5 {
          try client.send(get)
          check(try client.receive(1).map(\.status) == [200], "an answer")
          sleep(.milliseconds(100))
        }
        // The head comes in two pieces, the first of which ends a rest.
        try client.send("GET / HTTP/1.1\r\nHo")
        sleep(.milliseconds(100))
        try client.send("st: a\r\n\r\n")
        check(try client.receive(1).map(\.status) == [200], "an answer to a head in pieces")
        check(try other.receiveAll().isEmpty, "the one that never asked to be closed without a word")
        let start = ContinuousClock.now
        check(try client.receiveAll().isEmpty, "a close without a word")
        check(ContinuousClock.now - start < .seconds(5), "the close to come in time")
        // A server that shuts down reaches those that rest.
        let last = try test.connect()
        try last.send(get)
        check(try last.receive(1).map(\.status) == [200], "an answer")
        sleep(.milliseconds(100))
      }
    }
  }

  @Test("a client that is still taking its answer is not idle, however long it takes")
  func slowAnswer() async {
    await #expect(processExitsWith: .success) {
      var mux = testMux()
      mux.handle("/large") { _, response in response.write([UInt8](repeating: 66, count: 300_000)) }
      var limits = Limits()
      limits.idle = .milliseconds(500)
      withServer(mux, limits) { test in
        let client = SlowClient(port: test.port)
        check(client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"), "a request")
        var total = 0
        while total < 300_000 {
          let count = client.read(4096)
          check(count > 0, "no end yet")
          total += count
          sleep(.milliseconds(20))
        }
        check(client.send(get), "a second request")
        while let text = client.readText(4096) {
          if text.contains("Hello World") { return }
        }
        check(false, "a second answer")
      }
    }
  }

  @Test("a head keeps the time that it has when the server shuts down")
  func headAtShutDown() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.header = .seconds(3)
      withServer(testMux(), limits) { test in
        let client = try test.connect()
        try client.send("GET / HT")
        let start = ContinuousClock.now
        sleep(.seconds(2))
        test.server.shutDown()
        check(try client.receiveAll().hasPrefix("HTTP/1.1 408 "), "408")
        let time = start.duration(to: .now)
        check(
          time > .milliseconds(2900) && time < .milliseconds(4700), "3 s from its first byte, found \(time)")
      }
    }
  }

  @Test("beyond the cap a connection gets 503 and is counted; when one leaves, the next is served")
  func cap() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.connections = 1
      withServer(testMux(), limits) { test in
        do {
          let first = try test.connect()
          try first.send(get)
          check(try first.receive(1).map(\.status) == [200], "200 for the first")
          let second = try test.connect()
          try second.send(get)
          check(try second.receiveAll().hasPrefix("HTTP/1.1 503 "), "503 for the second")
          check(test.server.counters.refused.load(ordering: .relaxed) == 1, "one refused")
        }
        while true {
          let client = try test.connect()
          try client.send(get)
          if try client.receive(1).map(\.status) == [200] { break }
        }
      }
    }
  }

  @Test(
    "without descriptors left, connections wait in the kernel's queue, and are served when there are some")
  func exhaustion() async {
    await #expect(processExitsWith: .success) {
      withServer { test in
        limitDescriptors(64)
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var taken: [Int32] = []
        while case let copy = dup(2), copy >= 0 { taken.append(copy) }

        Client.connect(fd, port: test.port)
        let client = try Client(connected: fd)
        try client.send(get)
        while test.server.counters.exhaustions.load(ordering: .relaxed) == 0 { yield() }
        for copy in taken { close(copy) }

        check(try client.receive(1).map(\.status) == [200], "200 in the end")
      }
    }
  }

  @Test("shutting down ends idle connections, lets a request in flight finish, and refuses new ones")
  func shutDown() async {
    await #expect(processExitsWith: .success) {
      let (entered, release) = (Channel<Void>(), Channel<Void>())
      var mux = testMux()
      mux.handle("/wait") { _, response in
        entered.send(())
        _ = release.receive()
        response.write("done")
      }
      withServer(mux) { test in
        let (idle, busy, halfway) = (try test.connect(), try test.connect(), try test.connect())
        try idle.send(get)
        check(try idle.receive(1).map(\.status) == [200], "200 before")
        try halfway.send(get + "GET / HT")
        check(try halfway.receive(1).map(\.status) == [200], "200 before")
        try busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = entered.receive()

        test.server.shutDown()

        check(try idle.receiveAll().isEmpty, "the idle one to be closed")
        try halfway.send("TP/1.1\r\nHost: a\r\n\r\n")
        let last = try halfway.receiveAll()
        check(last.hasPrefix("HTTP/1.1 200 ") && last.contains("Connection: close"), "a last answer")
        release.send(())
        let answer = responses(try busy.receiveAll())
        check(answer.map(\.body) == ["done"], "the answer in flight")
        check(
          answer[0].head.contains("\r\nConnection: close"), "the answer in flight to say that it is the last")
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        check(!Client.reaches(fd, port: test.port), "no new connection")
      }
    }
  }

  @Test("a handler that does not end is left when the drain time is over")
  func drainTimeOut() async {
    await #expect(processExitsWith: .success) {
      let entered = Channel<Void>()
      var mux = Mux()
      mux.handle("/wait") { _, _ in
        entered.send(())
        _ = Channel<Void>().receive()
      }
      var limits = Limits()
      limits.drain = .milliseconds(20)
      alarm(120)
      MPG.main(MPG.Options(procs: 2)) { [mux, limits] in
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        let server = Server(mux, limits: limits)
        go {
          let client = try Client(port: socket.port)
          try client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
          _ = entered.receive()
          server.shutDown()
          _ = try client.receiveAll()
        }
        check(try server.serve(socket) == 1, "one connection to be left")
      }
    }
  }
}
