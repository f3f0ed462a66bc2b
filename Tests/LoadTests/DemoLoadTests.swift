// mpg-load against a server that listens: the demo.
import Foundation
import TestSupport
import Testing

@Suite("mpg-load and the demo")
struct DemoLoadTests {
  private func report(_ demo: ListeningDemo, _ arguments: String...) throws -> LoadReport {
    let run = try load(["--json", "http://127.0.0.1:\(demo.port)"] + arguments)
    #expect(run.ending == .code(0), "\(run)")
    return try LoadReport(run)
  }

  @Test("In closed loop each connection asks again when it is answered, and all add up")
  func closedLoop() throws {
    let report = try report(try ListeningDemo([]), "--connections", "8", "--duration", "500ms")

    #expect(report.schema == "mpg-load/1" && report.mode == "closed" && report.wantedPerS == nil)
    #expect(report.requests.sent > 8 && report.requests.answered == report.requests.sent)
    #expect(report.requests.unsent == 0 && report.latency.count == report.requests.answered)
    #expect(report.status["2xx"] == report.requests.answered && report.errors.values.allSatisfy { $0 == 0 })
    #expect(report.elapsedNs == 500_000_000 && report.reopened == 0)
    let (p50, max) = (try #require(report.latency.p50Ns), try #require(report.latency.maxNs))
    #expect(p50 > 0 && p50 <= max)
    let rate = try #require(report.answersPerS)
    #expect(rate > 0 && rate <= Double(report.requests.answered) * 2)
    #expect(try #require(report.bytes["received"]) > 11 * report.requests.answered)
  }

  @Test("In open loop it sends as many requests as the rate says")
  func openLoop() throws {
    let report = try report(try ListeningDemo([]), "--rate", "200", "--duration", "2")

    #expect(report.mode == "open" && report.wantedPerS == 200)
    #expect(report.requests.sent + report.requests.unsent == 400)
    #expect(report.latency.count == 400)
  }

  @Test("In open loop a stall of the server shows in the requests that were due while it lasted")
  func noCoordinatedOmission() throws {
    let demo = try ListeningDemo([])
    let folder = try TemporaryFolder()
    let words = ["--json", "http://127.0.0.1:\(demo.port)", "--duration", "3", "--connections", "2"]
    func run(_ more: String...) throws -> LoadReport {
      let command = Command(
        words: [Built.load] + words + more, environment: ["XDG_RUNTIME_DIR": folder.path])
      let program = try Program(command)
      usleep(1_500_000)
      demo.program.signal(SIGSTOP)
      usleep(300_000)
      demo.program.signal(SIGCONT)
      #expect(try program.wait() == .code(0), "\(program.errors)")
      return try LoadReport(program)
    }

    let open = try run("--rate", "200")
    // 60 of 600 requests were due in the stall: the 6 slowest of them waited for more than nine tenths of it.
    #expect(open.requests.sent + open.requests.unsent == 600)
    #expect(try #require(open.latency.p99Ns) > 240_000_000)
    #expect(open.generator.lateForConnection > 40)

    let closed = try run()
    // Here only two requests saw it, one of each connection.
    #expect(closed.requests.sent > 400)
    #expect(try #require(closed.latency.p99Ns) < 240_000_000)
    #expect(try #require(closed.latency.maxNs) > 240_000_000)
  }

  @Test("Requests that were due and not sent are counted, with the time that they had waited")
  func unsentRequests() throws {
    let demo = try ListeningDemo([])
    let report = try report(
      demo, "--rate", "100", "--duration", "1", "--connections", "2", "--path", "/sleep?ms=700")

    #expect(report.requests.sent + report.requests.unsent == 100)
    #expect(report.requests.unsent > 90 && report.latency.givenUp == report.requests.unsent)
    #expect(report.latency.count == 100)
    #expect(try #require(report.latency.p50Ns) > 300_000_000)
    #expect(
      report.notes.contains { $0.hasPrefix("the rate was not kept: \(report.requests.unsent) requests") })
  }

  @Test("A burst sends that many requests at once, and ends")
  func burst() throws {
    let demo = try ListeningDemo([])
    let whole = try report(demo, "--burst", "100", "--path", "/sleep?ms=200")
    #expect(whole.requests.answered == 100 && whole.connections == 100)
    #expect(whole.elapsedNs > 200_000_000 && whole.elapsedNs < 20 * 200_000_000)

    // With fewer connections the rest waits for them, from the beginning on.
    let narrow = try report(demo, "--burst", "20", "--connections", "10", "--path", "/sleep?ms=200")
    #expect(narrow.requests.answered == 20 && narrow.latency.count == 20)
    #expect(try #require(narrow.latency.p99Ns) >= 400_000_000)
  }

  @Test("Paths come as often as their weights say")
  func weights() throws {
    let server = try ScriptedServer { _ in ScriptedServer.ok }
    let run = try load([
      "--burst", "100", "--connections", "1", "--path", "9:/a", "--path", "/b?x=1", server.url,
    ])
    #expect(run.ending == .code(0), "\(run)")
    #expect(server.lines.count { $0 == "GET /a HTTP/1.1" } == 90)
    #expect(server.lines.count { $0 == "GET /b?x=1 HTTP/1.1" } == 10)
  }

  @Test("It holds ten thousand idle connections beside its load")
  func idleConnections() throws {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let count = min(10_000, Int(clamping: limit.rlim_max) - 200)
    let demo = try ListeningDemo(["--max-connections", "20000"])
    let report = try report(demo, "--idle", "\(count)", "--rate", "50", "--duration", "1")
    let idle = try #require(report.idle)
    #expect(idle.wanted == count && idle.opened == count && idle.failed == 0 && idle.closed == 0)
    #expect(report.latency.count == 50)
  }

  @Test("Connections that the server closes, and those that it does not serve, are counted")
  func idleConnectionsThatEnd() throws {
    let demo = try ListeningDemo(["--idle-timeout", "100", "--max-connections", "5"])
    let run = try load(["--json", "http://127.0.0.1:\(demo.port)", "--idle", "8", "--duration", "1"])
    let report = try LoadReport(run)
    #expect(report.mode == "idle" && report.requests.sent == 0 && report.latency.p50Ns == nil)
    let idle = try #require(report.idle)
    #expect(idle.opened + idle.failed == 8 && idle.opened >= 4 && idle.closed == idle.opened)
    #expect(run.ending == .code(idle.failed > 0 ? 2 : 0))
    #expect(idle.firstError == (idle.failed > 0 ? "status 503" : nil))
  }

  @Test("A signal ends it with the report of what was measured so far", arguments: [SIGINT, SIGTERM])
  func interrupted(by signal: Int32) throws {
    let demo = try ListeningDemo([])
    let folder = try TemporaryFolder()
    let program = try startLoad(
      "--json", "--rate", "50", "--path", "9:/", "--path", "/sleep?ms=60000",
      "http://127.0.0.1:\(demo.port)", "--duration", "600", "--timeout", "600", in: folder)
    usleep(1_000_000)
    program.signal(signal)

    #expect(try program.wait() == .code(0), "\(program.errors)")
    let report = try LoadReport(program)
    #expect(report.interrupted && report.requests.answered > 0 && report.requests.interrupted > 0)
    #expect(report.elapsedNs < 30_000_000_000)
    #expect(report.latency.givenUp == report.requests.interrupted + report.requests.unsent)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/mpg") == [])
  }

  @Test("A signal that comes while connections are opened ends that, and makes none of them a failure")
  func interruptedEarly() throws {
    let demo = try ListeningDemo([])
    demo.program.signal(SIGSTOP)
    let folder = try TemporaryFolder()
    let program = try startLoad(
      "--json", "127.0.0.1:\(demo.port)", "--idle", "20", "--rate", "50", in: folder)
    usleep(700_000)
    program.signal(SIGINT)
    #expect(try program.wait() == .code(0), "\(program.errors)")
    let report = try LoadReport(program)
    #expect(report.interrupted && report.requests.sent == 0 && report.requests.unsent == 0)
    #expect(report.idle.map { $0.opened + $0.failed } == 0 && report.elapsedNs == 0)
  }

  @Test("Held connections end with a signal as well, and its text says how many there were")
  func letGo() throws {
    let demo = try ListeningDemo([])
    let folder = try TemporaryFolder()
    let program = try startLoad(
      "127.0.0.1:\(demo.port)", "--idle", "20", in: folder)
    try eventually("it says that it holds them") {
      program.errors == "mpg-load: holding 20 idle connections; Ctrl-C ends it\n"
    }
    program.signal(SIGINT)
    #expect(try program.wait() == .code(0))
    #expect(program.output.contains("20 of 20 connections opened, 0 closed by the server, 0 failed"))
  }
}
