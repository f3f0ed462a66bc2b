// Asking a program for a trace: addresses as people write them, and answers as servers give them, good and bad.
import Foundation
import TestSupport
import Testing

@testable import TraceSource

@Suite("Asking for traces")
struct TraceRequestTests {
  @Test(
    "an address may be written in every usual form",
    arguments: [
      ("http://host:6060", "host", 6060, "/debug/pprof/trace?seconds=1", 1.0),
      ("http://host", "host", 80, "/debug/pprof/trace?seconds=1", 1),
      ("HTTP://host:6060/", "host", 6060, "/debug/pprof/trace?seconds=1", 1),
      ("http://host:6060/debug/pprof", "host", 6060, "/debug/pprof/trace?seconds=1", 1),
      ("http://host:6060/x/debug/pprof/", "host", 6060, "/x/debug/pprof/trace?seconds=1", 1),
      ("http://host:6060/debug/pprof/trace?seconds=0.5", "host", 6060, "/debug/pprof/trace?seconds=0.5", 0.5),
      ("http://host:6060?seconds=5", "host", 6060, "/debug/pprof/trace?seconds=5", 5),
      ("http://[::1]:6060/t?key=a", "::1", 6060, "/t?key=a&seconds=1", 1),
    ])
  func address(_ word: String, _ host: String, _ port: UInt16, _ target: String, _ seconds: Double) throws {
    let address = try TraceAddress(word)
    #expect(address.host == host && address.port == port, "\(address)")
    #expect(address.target == target && address.seconds == seconds, "\(address)")
  }

  @Test(
    "an address that cannot be used is refused, with what can",
    arguments: [
      ("https://host:6060", "ssh -L"), ("http://", "no host"), ("http://:6060", "no host"),
      ("http://host:0", "a port"),
      ("http://host:99999", "a port"), ("http://host:6060?seconds=0", "0.1 to 60"),
      ("http://host?seconds=nan", "0.1 to 60"), ("http://host?seconds=1e9", "0.1 to 60"),
      ("http://a:b@host", "curl"), ("http://host/\r\nX: y", "blanks"), ("http://[::1", "host"),
    ])
  func refused(_ word: String, _ mentions: String) throws {
    let trouble = #expect(throws: TraceTrouble.self) { _ = try TraceAddress(word) }
    #expect(
      trouble?.kind == .usage && trouble?.words.contains(mentions) == true, "\(String(describing: trouble))")
  }

  /// What a script's server is answered with when it is asked for a trace, with little patience.
  private func ask(_ script: @escaping @Sendable (ScriptedServer.Connection) -> Void) throws -> TraceAnswer {
    let server = try ScriptedServer { connection in
      _ = connection.request()
      script(connection)
    }
    var patience = TracePatience()
    (patience.silence, patience.whole, patience.bytes) = (0.2, 0.6, 1 << 20)
    var request = TraceRequest(TraceAddress(host: "127.0.0.1", port: server.port, seconds: 0.1), patience)
    return try request.answer()
  }

  private func trouble(
    _ kind: TraceTrouble.Kind, _ mentions: String, at location: SourceLocation = #_sourceLocation,
    _ script: @escaping @Sendable (ScriptedServer.Connection) -> Void
  ) {
    let trouble = #expect(throws: TraceTrouble.self, sourceLocation: location) { _ = try ask(script) }
    #expect(
      trouble?.kind == kind && trouble?.words.contains(mentions) == true, "\(String(describing: trouble))",
      sourceLocation: location)
  }

  @Test("a trace comes with a length, in chunks, and up to the end of the stream")
  func forms() throws {
    let trace = try Kept.named("every-1.27.3.trace").bytes
    #expect(try ask { $0.answer("200 OK", trace) }.bytes == trace)
    let chunked = try ask { connection in
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
      for start in stride(from: 0, to: trace.count, by: 1000) {
        let part = trace[start..<min(trace.count, start + 1000)]
        connection.send("\(String(part.count, radix: 16))\r\n".utf8)
        connection.send(part)
        connection.send("\r\n".utf8)
      }
      connection.send("0\r\n\r\n".utf8)
    }
    #expect(chunked.bytes == trace && chunked.cut == nil)
    let ended = try ask { connection in
      connection.send("HTTP/1.0 200 OK\r\n\r\n".utf8)
      connection.send(trace)
    }
    #expect(ended.bytes == trace && ended.cut == nil)
  }

  @Test("of a trace that is cut off in the middle, what came is given, and why there is no more")
  func cut() throws {
    let trace = try Kept.named("every-1.27.3.trace").bytes
    let half = try ask { connection in
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(trace.count)\r\n\r\n".utf8)
      connection.send(trace.prefix(trace.count / 2))
    }
    #expect(half.bytes == Array(trace.prefix(trace.count / 2)))
    #expect(half.cut?.kind == .lost && half.cut?.words.contains("hung up") == true)
  }

  @Test("a server that gives no trace is told by its status, with the cure")
  func statuses() {
    trouble(.refused, "import net/http/pprof") {
      $0.answer("404 Not Found", Array("404 page not found\n".utf8))
    }
    trouble(.refused, "traced by somebody else") {
      $0.answer(
        "500 Internal Server Error", Array("Could not enable tracing: tracing is already enabled\n".utf8))
    }
    trouble(.refused, "answers 500 (no \u{FFFD}luck") {
      $0.answer("500 Internal Server Error", Array("no ".utf8) + [0xff] + Array("luck \u{1b}[2J\nmore".utf8))
    }
    trouble(.refused, "curl -s -u") { $0.answer("401 Unauthorized", []) }
    trouble(.refused, "elsewhere") { $0.answer("302 Found", []) }
    trouble(.notUnderstood, "something else than a Go trace") { $0.answer("200 OK", Array("<html>".utf8)) }
    // Go packs no trace, and what is packed may be of any size.
    trouble(.notUnderstood, "something else than a Go trace") { $0.answer("200 OK", [0x1f, 0x8b, 8, 0]) }
  }

  @Test("a server that hangs, drips, sends nonsense, or does not end is left")
  func mistakes() throws {
    trouble(.lost, "nothing came") { $0.waitForEnd() }
    trouble(.lost, "hung up") { _ in }
    trouble(.lost, "so slowly") { connection in
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".utf8)
      while connection.send([65]) { usleep(20_000) }
    }
    trouble(.notUnderstood, "does not speak HTTP") { $0.send("SSH-2.0-OpenSSH_9.6\r\n".utf8) }
    trouble(.notUnderstood, "does not end") { connection in
      connection.send("HTTP/1.1 200 OK\r\n\r\ngo 1.26 trace\0\0\0".utf8)
      while connection.send([UInt8](repeating: 1, count: 1 << 16)) {}
    }
    let port = try LoopbackSocket.freePort()
    var request = TraceRequest(TraceAddress(host: "127.0.0.1", port: port, seconds: 1))
    let refused = #expect(throws: TraceTrouble.self) { _ = try request.answer() }
    #expect(refused?.kind == .noServer && refused?.words.contains("refused") == true)
    var nowhere = TraceRequest(TraceAddress(host: "no such host.invalid", port: 1, seconds: 1))
    #expect(throws: TraceTrouble.self) { _ = try nowhere.answer() }
  }

  @Test("who does not want the answer any more need not wait for it")
  func stopped() throws {
    let server = try ScriptedServer { $0.waitForEnd() }
    let start = Date()
    var request = TraceRequest(TraceAddress(host: "127.0.0.1", port: server.port, seconds: 60)) {
      Date().timeIntervalSince(start) > 0.1
    }
    #expect(throws: TraceTrouble.self) { _ = try request.answer() }
    #expect(Date().timeIntervalSince(start) < 10)
  }
}
