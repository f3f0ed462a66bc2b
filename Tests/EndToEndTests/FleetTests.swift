// `mpgtop serve` for all processes: they come, go, hide and crowd, and none disturbs the others.
import Foundation
import Inspector
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Metrics of all processes") struct FleetTests {
    /// A server of metrics for all processes whose regions lie in one folder, beside those of this user elsewhere.
    private struct Serving {
      let folder: TemporaryFolder
      let program: Program
      let port: UInt16

      init(_ options: String...) throws {
        folder = try TemporaryFolder()
        var command = Command(environment: ["XDG_RUNTIME_DIR": folder.path])
        command.words = [Built.mpgtop, "serve", "--prometheus", "127.0.0.1:0"] + options
        let program = try Program(command)
        self.program = program
        port = try eventually("it says where it listens: \(program.errors)") {
          program.errors.firstMatch(of: #/http:\/\/127\.0\.0\.1:(\d+)\/metrics\n/#).flatMap { UInt16($0.1) }
        }
      }

      /// A demo that this server sees.
      func demo() throws -> DemoServer {
        try DemoServer("--procs", "2", prefix: ["env", "XDG_RUNTIME_DIR=\(folder.path)"])
      }

      func scrape() throws -> String {
        let socket = try LoopbackSocket(connectedTo: port)
        try socket.send("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n")
        var answer: [UInt8] = []
        while let more = try? socket.receive() { answer += more }
        return String(decoding: answer, as: UTF8.self)
      }

      /// The value of the only sample with this name whose labels contain `labels`; nil: there is none.
      func value(_ name: String, _ labels: String) throws -> Double? {
        let lines = try scrape().split(separator: "\n").filter {
          $0.hasPrefix(name + "{") && $0.contains(labels)
        }
        guard lines.count == 1 else { return nil }
        let text = lines[0].components(separatedBy: "} ").dropFirst().first ?? ""
        return Double(text.split(separator: " ").first ?? "")
      }

      func value(_ name: String, of demo: DemoServer) throws -> Double? {
        try value(name, "pid=\"\(demo.pid)\"")
      }
    }

    @Test("processes come and go, and the others are served all the while")
    func comeAndGo() throws {
      let serving = try Serving()
      #expect(try serving.scrape().hasSuffix("# EOF\n"))
      let first = try serving.demo()
      try eventually("the first one is served") { try serving.value("mpg_procs", of: first) == 2 }
      let second = try serving.demo()
      try eventually("both are served") { try serving.value("mpg_procs", of: second) == 2 }
      #expect(try serving.value("mpg_target_up", of: first) == 1)
      second.program.signal(SIGKILL)
      try second.program.wait()
      // Whoever is dead has no sample, not even one that says so.
      try eventually("the dead one is gone") { try !serving.scrape().contains("pid=\"\(second.pid)\"") }
      #expect(try serving.value("mpg_procs", of: first) == 2)
      let third = try serving.demo()
      try eventually("a third one comes") { try serving.value("mpg_procs", of: third) == 2 }
      #expect(serving.program.ending == nil)
      serving.program.signal(SIGTERM)
      #expect(try serving.program.wait() == .code(0))
    }

    @Test("a process whose region cannot be read is told, and disturbs nobody")
    func unreadable() throws {
      let serving = try Serving("--only", "mpg-demo", "--only", "sleep")
      let demo = try serving.demo()
      let sleeper = try Program(Command("sleep", "1000"))
      try eventually("it sleeps") { ProcessIdentity.name(of: sleeper.pid) == "sleep" }
      let process = try #require(ProcessIdentity(living: sleeper.pid))
      let path = "\(serving.folder.path)/mpg/\(process.pid)-\(process.startTime).mpg"
      try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path))
      try eventually("it is told") { try serving.value("mpg_target_up", "pid=\"\(sleeper.pid)\"") == 0 }
      #expect(try serving.value("mpg_target_up", of: demo) == 1)
      #expect(try serving.scrape().matches(of: #/pid="(\d+)"/#).contains { $0.1 == "\(sleeper.pid)" })
      let complaints = serving.program.errors.components(separatedBy: "cannot read \(path): ").count - 1
      #expect(complaints == 1, "\(serving.program.errors)")
    }

    @Test("with --events and --sites: run latency with requests, and where Gs were spawned")
    func eventsAndSites() throws {
      let serving = try Serving("--events", "--sites")
      let demo = try serving.demo()
      try eventually("events are counted") {
        _ = try demo.get("/spawn?n=200")
        return try serving.value("mpg_run_latency_seconds_count", of: demo) ?? 0 > 1000
      }
      try eventually("an exemplar names a request") {
        _ = try demo.get("/pipeline?n=20")
        let lines = try serving.scrape().split(separator: "\n")
        return lines.contains {
          $0.contains("pid=\"\(demo.pid)\"") && $0.contains(#/ # \{g="\d+",request="GET \//#)
        }
      }
      #expect(try serving.value("mpg_trace_lost_events_total", of: demo) != nil)
      _ = try demo.get("/leak?n=500")
      try eventually("the leak's place has 500 Gs") {
        let lines = try serving.scrape().split(separator: "\n")
        return lines.contains {
          $0.hasPrefix("mpg_site_goroutines{") && $0.contains("pid=\"\(demo.pid)\"") && $0.hasSuffix(" 500")
        }
      }
    }

    @Test("with --by-name a restart is a reset of the same series")
    func byName() throws {
      let serving = try Serving("--by-name", "--only", "mpg-demo")
      let first = try serving.demo()
      for _ in 0..<5 { _ = try first.get("/spawn?n=500") }
      let label = "{name=\"mpg-demo\"}"
      func created() throws -> Double? {
        let line = try serving.scrape().split(separator: "\n").first {
          $0.hasPrefix("mpg_goroutines_created_total\(label) ")
        }
        return line.flatMap { Double($0.split(separator: " ")[1]) }
      }
      try eventually("it is served") { try created() ?? 0 > 2500 }
      let second = try serving.demo()
      try eventually("the younger one is served in its place") { try created() ?? 9999 < 1000 }
      #expect(try serving.scrape().contains("\nmpg_target_info{name=\"mpg-demo\",pid=\"\(second.pid)\"} 1\n"))
      #expect(try !serving.scrape().contains("mpg_procs{name=\"mpg-demo\",pid"))
    }

    @Test("what cannot be together is a complaint")
    func mistakes() throws {
      let demo = try DemoServer()
      let finished = try demo.mpgtop("serve", "--prometheus", "127.0.0.1:0", "--only", "x")
      expectComplaint(finished, of: "mpgtop", code: 64, mentions: "--only")
    }
  }
}
