// What mpg-load makes of servers that do not answer as they should.
import Foundation
import TestSupport
import Testing

@Suite("mpg-load and servers that misbehave")
struct TroubleTests {
  /// One request on one connection, to a server that does `act` to it.
  private func one(_ act: ScriptedServer.Act, _ more: String...) throws -> LoadReport {
    let server = try ScriptedServer { _ in act }
    let run = try load(["--json", "--burst", "1", server.url] + more)
    let report = try LoadReport(run)
    let isBad = report.requests.answered != 1 || report.status["2xx"] != 1
    #expect(run.ending == .code(isBad ? 2 : 0), "\(run)")
    return report
  }

  @Test("Each kind of error is counted as what it is")
  func kinds() throws {
    func kinds(_ report: LoadReport) -> [String: Int] { report.errors.filter { $0.value > 0 } }
    #expect(kinds(try one(.reset)) == ["reset": 1])
    #expect(kinds(try one(.lastAnswer(""))) == ["closed": 1])
    #expect(kinds(try one(.lastAnswer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"))) == ["closed": 1])
    let bad = try one(.answer("SSH-2.0-OpenSSH_10.0\r\n"))
    #expect(kinds(bad) == ["bad_response": 1] && bad.firstError?.isEmpty == false)
    // What failed at once says nothing of latency.
    #expect(bad.latency.count == 0 && bad.latency.maxNs == nil)

    let late = try one(.silence, "--timeout", "300ms")
    #expect(kinds(late) == ["timeout": 1])
    // What waited in vain has waited at least so long.
    #expect(late.latency.givenUp == 1 && late.latency.maxNs.map { $0 >= 300_000_000 } == true)
  }

  @Test("A status of 400 or more is counted by its class")
  func statuses() throws {
    for status in [404, 500] {
      let report = try one(.answer("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n"))
      #expect(report.status.filter { $0.value > 0 } == ["\(status / 100)xx": 1])
      #expect(report.errors.values.allSatisfy { $0 == 0 } && report.requests.answered == 1)
    }
  }

  @Test("An answer ends where its length, its chunks, its status or its stream says")
  func framing() throws {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    for text in [chunked, interim + chunked, empty] {
      let report = try one(.answer(text))
      #expect(report.status["2xx"] == 1, "\(text)")
      #expect(report.bytes["received"] == text.utf8.count)
    }
    let report = try one(.lastAnswer("HTTP/1.1 200 OK\r\n\r\nto the end of the stream"))
    #expect(report.status["2xx"] == 1)
  }

  @Test("A connection that the server ends behind its answer is opened again, which is no error")
  func connectionsThatEnd() throws {
    let text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    let server = try ScriptedServer { _ in .lastAnswer(text) }
    let report = try LoadReport(try load(["--json", "--burst", "5", "-c", "1", server.url]))
    #expect(report.requests.answered == 5 && report.reopened == 4)
    #expect(report.errors.values.allSatisfy { $0 == 0 })
  }

  @Test(
    "A connection that the server has closed while nothing was asked is opened again before the next request")
  func idleClose() throws {
    // The answer promises that the connection stays, but the server closes it.
    let server = try ScriptedServer { _ in .lastAnswer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
    let report = try LoadReport(
      try load(["--json", "--rate", "4", "-d", "1", "-c", "1", server.url]))
    #expect(report.requests.answered == 4 && report.reopened == 3, "\(report)")
    #expect(report.errors.values.allSatisfy { $0 == 0 })
  }

  @Test("A server that goes away is counted as refusing, and the generator does not run hot meanwhile")
  func serverThatGoes() throws {
    let demo = try ListeningDemo([])
    let folder = try TemporaryFolder()
    let program = try startLoad(
      "--json", "-c", "4", "-d", "2", "http://127.0.0.1:\(demo.port)", in: folder)
    usleep(700_000)
    demo.program.signal(SIGKILL)
    #expect(try program.wait() == .code(2))
    let report = try LoadReport(program)
    let refused = try #require(report.errors["refused"])
    // Four connections that rest after each try.
    #expect(refused > 4 && refused < 200)
    #expect(report.requests.answered > 4)
  }

  @Test("With --no-keep-alive each request has a connection of its own")
  func noKeepAlive() throws {
    let demo = try ListeningDemo([])
    let report = try LoadReport(
      try load(["--json", "--burst", "10", "-c", "1", "--no-keep-alive", "127.0.0.1:\(demo.port)"]))
    #expect(report.requests.answered == 10 && report.reopened == 9)
  }
}
