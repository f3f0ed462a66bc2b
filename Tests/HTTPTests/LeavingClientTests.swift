// A client that leaves takes its handler with it. A client that only has finished sending still gets its
// answer.

import Glibc
import MPG
import TestSupport
import Testing

@testable import HTTP

private enum Leaving: CaseIterable, Codable { case close, reset, closeAfterMore, closeAfterHalf }

/// A mux whose `/wait` handler ends only when its scope is cancelled. It reports each entry and each exit.
private func waitingMux(_ entered: Channel<Void>, _ left: Channel<Void>) -> Mux {
  var mux = testMux()
  mux.handle("/wait", .slow) { _, _ in
    entered.send(())
    defer { left.send(()) }
    try sleepOrCancelled(.seconds(1000))
  }
  return mux
}

@Suite("Clients that leave", .disabled(if: hasThreadSanitizer, "the demo could not be ended"))
struct LeavingClientTests {
  @Test(
    "a client that closes or resets ends its handler, and gives its place back", arguments: Leaving.allCases)
  fileprivate func leaving(_ leaving: Leaving) async {
    await #expect(processExitsWith: .success) { [leaving = leaving as Leaving] in
      let (entered, left) = (Channel<Void>(), Channel<Void>(capacity: 1))
      var limits = Limits()
      limits.connections = 1
      withServer(waitingMux(entered, left), limits) { test in
        do {
          let client = SlowClient(port: test.port)
          if leaving == .reset { client.resetAtEnd() }
          check(client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"), "a request")
          entered.receive()
          if leaving == .closeAfterMore { check(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "another") }
          if leaving == .closeAfterHalf {
            client.finishWriting()
            check(client.readText(1) == "H", "the first byte early, which it takes, and goes")
          }
        }
        left.receive()
        // The left client's place is free a moment later.
        while true {
          let client = try test.connect()
          try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
          if try client.receive(1).map(\.status) == [200] { break }
        }
      }
    }
  }

  @Test("a client that only ends its own half has its answers whole, those to requests behind included")
  func halfClose() async {
    await #expect(processExitsWith: .success) {
      let (entered, ready) = (Channel<Void>(), Channel<Void>())
      let cancelled = Channel<Bool>(capacity: 1)
      var mux = testMux()
      mux.handle("/wait", .slow) { _, response in
        entered.send(())
        ready.receive()
        cancelled.send(isCancelled)
        response.write("done")
      }
      withServer(mux) { test in
        let client = SlowClient(port: test.port)
        check(
          client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /about HTTP/1.1\r\nHost: a\r\n\r\n"),
          "two requests")
        entered.receive()
        client.finishWriting()
        while client.waiting == 0 { sleep(.milliseconds(1)) }
        check(client.waiting < 10, "the beginning that all answers have, and no more")
        ready.send(())
        var text = ""
        while case let count = client.waiting, let piece = client.readText(max(count, 1)) { text += piece }
        let answers = responses(text)
        check(text.hasPrefix("HTTP/1.1 200 OK\r\n"), "the first answer")
        check(answers.map(\.body) == ["done", "About Page"], "two answers, found \(text)")
        check(cancelled.receive() == false, "a handler whose client waits")
      }
    }
  }

  @Test("a connection whose handlers were watched has its time-outs afterwards, and ends with the shutdown")
  func timeOutsAfterwards() async {
    await #expect(processExitsWith: .success) {
      var limits = Limits()
      limits.idle = .milliseconds(200)
      var mux = testMux()
      mux.handle("/long", .slow) { _, _ in sleep(.milliseconds(300)) }
      withServer(mux, limits) { test in
        let client = try test.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        check(try client.receive(1).count == 1, "an answer")
        try client.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        check(responses(try client.receiveAll()).count == 1, "a second one, and the end")
      }
    }
  }

  @Test("a handler that is watched keeps its time when the server shuts down")
  func shutDown() async {
    await #expect(processExitsWith: .success) {
      let (entered, ready) = (Channel<Void>(), Channel<Void>())
      var mux = testMux()
      mux.handle("/wait", .slow) { _, response in
        entered.send(())
        ready.receive()
        response.write(isCancelled ? "cancelled" : "done")
      }
      withServer(mux) { test in
        let client = try test.connect()
        try client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        entered.receive()
        sleep(.milliseconds(60))  // it is watched now
        test.server.shutDown()
        sleep(.milliseconds(20))
        ready.send(())
        check(responses(try client.receiveAll()).map(\.body) == ["done"], "the answer")
      }
    }
  }

  @Test(
    "each of the demo's scenarios that may last ends with its client",
    arguments: ["/sleep?ms=60000", "/block?ms=60000", "/cpu?ms=10000", "/hog?ms=10000"])
  func scenarios(_ target: String) throws {
    let demo = try RunningDemo(["--max-connections", "2", "--procs", "3"], preemption: true)
    let began = ContinuousClock.now
    let clients = [demo.ask(target), demo.ask(target)]
    while demo.get("/").status != 503 { usleep(1000) }

    for client in clients { close(client) }

    while demo.get("/").status != 200 { usleep(1000) }
    #expect(began.duration(to: .now) < .seconds(9), "the places were held until the handlers had ended")
  }

  @Test(
    "those of the demo's scenarios that make many Gs stop that when the client leaves, and leave none behind",
    arguments: [("/spawn?n=1000000", 1_000_000), ("/pipeline?n=100000", 100_000)])
  func manyGs(_ target: String, _ count: Int) throws {
    let demo = try RunningDemo(["--max-connections", "2", "--procs", "3"], preemption: true)
    let before = demo.statistic("gs_live")
    let clients = [demo.ask(target), demo.ask(target)]
    while demo.get("/").status != 503 { usleep(1000) }

    for client in clients { close(client) }

    while demo.get("/").status != 200 { usleep(1000) }
    #expect(demo.statistic("gs_created") < 2 * count, "both went on to their end")
    while demo.statistic("gs_live") > before { usleep(1000) }
  }
}
