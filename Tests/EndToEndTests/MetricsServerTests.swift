// `mpgtop serve`: a scrape over a real socket, and clients with bad intentions.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Metrics over HTTP") struct MetricsServerTests {
    /// A metrics server on a port of its own.
    private struct Serving {
      let server: DemoServer
      let program: Program
      let port: UInt16

      /// - Parameter prefix: a command that starts the program, such as `prlimit` and its arguments.
      init(prefix: [String] = []) throws {
        server = try DemoServer("--procs", "2")
        let words = prefix + [Built.mpgtop, "serve", "--prometheus", "127.0.0.1:0", "\(server.pid)"]
        var command = Command(environment: server.environment)
        command.words = words
        let program = try Program(command)
        self.program = program
        port = try eventually("it says where it listens: \(program.errors)") {
          program.errors.firstMatch(of: #/http:\/\/127\.0\.0\.1:(\d+)\/metrics\n/#).flatMap { UInt16($0.1) }
        }
      }

      /// All that the server sends back for these bytes.
      func answer(to bytes: String) throws -> String {
        let socket = try LoopbackSocket(connectedTo: port)
        try socket.send(bytes)
        var answer: [UInt8] = []
        while let more = try? socket.receive() { answer += more }
        return String(decoding: answer, as: UTF8.self)
      }

      func scrape(_ more: String = "") throws -> String {
        try answer(to: "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\(more)\r\n")
      }
    }

    @Test("a scrape says what mpgtop says, in the form that was asked for")
    func scrape() throws {
      let serving = try Serving()
      for _ in 0..<3 { _ = try serving.server.get("/spawn?n=100") }
      let before = try serving.server.frame()
      let plain = try serving.scrape()
      let open = try serving.scrape("Accept: application/openmetrics-text\r\n")
      let after = try serving.server.frame()
      #expect(
        plain.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      #expect(open.contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0;"))
      #expect(open.hasSuffix("\n# EOF\n") && !plain.contains("# EOF"))
      for text in [plain, open] {
        let switches = text.firstMatch(of: #/\nmpg_switches_total\{[^}]*\} (\d+)\n/#).flatMap { Int($0.1) }
        let count = try #require(switches)
        #expect(before.switches <= count && count <= after.switches && count > 300)
        #expect(text.contains("\nmpg_target_info{name=\"mpg-demo\",pid=\"\(serving.server.pid)\"} 1\n"))
      }
    }

    @Test("two scrapers see the same peak: none takes it from the other")
    func peaks() throws {
      let serving = try Serving()
      _ = try serving.server.get("/spawn?n=5000")
      func peak() throws -> Int {
        let values = try serving.scrape().matches(of: #/\nmpg_lrq_max_goroutines\{[^}]*\} (\d+)/#)
        return values.compactMap { Int($0.1) }.max() ?? 0
      }
      let first = try peak()
      #expect(first > 100)
      usleep(2_500_000)  // longer than a peak is kept without a window
      #expect(try peak() == first)
    }

    @Test("requests that cannot be served get their status, and the next scrape is served")
    func refusals() throws {
      let serving = try Serving()
      let long = String(repeating: "a", count: 9000)
      let requests = [
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "413"),
        ("GET /other HTTP/1.1\r\nHost: x\r\n\r\n", "404"), ("GET / HTTP/1.0\r\n\r\n", "200"),
        ("nonsense\r\n\r\n", "400"), ("\u{0}\u{1}\u{2}", "400"),
        ("GET /metrics HTTP/1.1\r\nX: \(long)\r\n\r\n", "431"),
        ("GET /metrics HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 200) + "\r\n", "431"),
      ]
      for (request, status) in requests {
        let answer = try serving.answer(to: request)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(request.prefix(40))")
      }
      #expect(try serving.answer(to: "HEAD /metrics HTTP/1.1\r\n\r\n").hasSuffix("\r\n\r\n"))
      #expect(try serving.scrape().contains("mpg_switches_total"))
    }

    @Test("clients that say nothing, or stop in the middle, are hung up on, and nobody starves")
    func silentClients() throws {
      let serving = try Serving()
      let silent = try (0..<100).map { _ in try LoopbackSocket(connectedTo: serving.port) }
      for socket in silent.prefix(50) { try socket.send("GET /met") }
      #expect(try serving.scrape().contains("mpg_switches_total"))
      #expect(throws: (any Error).self) { try silent[0].receive() }
    }

    @Test(
      "any number of clients that say nothing or drip keep no scrape waiting, also where descriptors are few",
      arguments: [1024, 48])
    func crowd(_ descriptors: Int) throws {
      let serving = try Serving(prefix: ["prlimit", "--nofile=\(descriptors)"])
      var crowd: [LoopbackSocket] = []
      var took: [TimeInterval] = []
      for round in 0..<9 {
        // Each round brings more bad clients than the server has places for connections, and the dripping
        // ones go on dripping.
        for index in 0..<97 {
          let socket = try LoopbackSocket(connectedTo: serving.port)
          if index % 2 == 0 { try socket.send("GET /met") }
          crowd.append(socket)
        }
        for socket in crowd.suffix(40) { try? socket.send("r") }
        let began = Date()
        let page = try serving.scrape()
        #expect(page.contains("mpg_switches_total"), "round \(round): \(page.prefix(300))")
        took.append(Date().timeIntervalSince(began))
      }
      // A scrape that had to wait for a place would take seconds. The second bound leaves room for other load
      // on the machine.
      #expect(took.min() ?? 9 < 0.1 && took.allSatisfy { $0 < 2 }, "\(took)")
      #expect(serving.program.ending == nil)
    }

    @Test(
      "it ends well at SIGTERM and SIGINT, and with code 5 when the target is gone",
      arguments: [SIGTERM, SIGINT])
    func endings(_ signal: Int32) throws {
      let stopped = try Serving()
      stopped.program.signal(signal)
      #expect(try stopped.program.wait() == .code(0))
      let left = try Serving()
      left.server.program.signal(SIGKILL)
      #expect(try left.program.wait() == .code(5))
      #expect(
        left.program.errors.hasSuffix("is gone: killed, without a last word (SIGKILL, or out of memory)\n"))
    }

    @Test("an address that is none, or taken, is a complaint")
    func addresses() throws {
      let serving = try Serving()
      for address in ["127.0.0.1", "host:80", "127.0.0.1:99999", ":9464", "[::1:80", ""] {
        let finished = try serving.server.mpgtop("serve", "--prometheus", address)
        expectComplaint(finished, of: "mpgtop", code: 64, mentions: "--prometheus")
      }
      let taken = try serving.server.mpgtop("serve", "--prometheus", "127.0.0.1:\(serving.port)")
      expectComplaint(taken, of: "mpgtop", code: 71, mentions: "cannot listen on 127.0.0.1:\(serving.port)")
    }
  }
}
