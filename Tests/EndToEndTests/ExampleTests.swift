// The programs in `examples/` run, and see what mpgtop sees.
import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Examples") struct ExampleTests {
    /// A server that has done some work and is at rest, so that two readers see the same.
    private func restingServer() throws -> DemoServer {
      let server = try DemoServer("--procs", "2")
      _ = try server.get("/spawn?n=5000")
      _ = try server.get("/leak?n=3")
      _ = try server.frame("rest") { $0.gs.byState["running"] == 0 && $0.gs.byState["runnable"] == 0 }
      return server
    }

    private func compiledReader(in folder: String) throws -> String {
      let program = "\(folder)/reader"
      let result = try Program.run(
        Command(
          "cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program,
          "\(Built.repository)/examples/region-reader/reader.c"))
      #expect(result.ending == .code(0), "\(result.errors)")
      return program
    }

    @Test("A reader in C, written by the specification alone, reads what mpgtop reads")
    func readerInC() throws {
      let server = try restingServer()
      let reader = try compiledReader(in: server.folder.path)
      let frame = try server.frame()
      let result = try Program.run(Command(reader, try server.region()))
      #expect(result.ending == .code(0) && result.errors == "")
      var values: [String: Int] = [:]
      for line in result.output.split(separator: "\n") {
        let words = line.split(separator: " ")
        values[String(words[0])] = Int(words[1])
      }
      let waiting = values.filter { $0.key.hasPrefix("gs.waiting.") }.values.reduce(0, +)
      let polled = ["Read", "Write"].compactMap { values["gs.waiting.netpoll\($0)"] }.reduce(0, +)

      #expect(values["consistent"] == 1 && values["pid"] == Int(server.pid))
      #expect(values["procs"] == frame.procs && values["ms"] == frame.ms.count && values["grq"] == 0)
      #expect(values["gs.created"] == frame.gs.created && values["gs.exited"] == frame.gs.exited)
      #expect(values["gs.live"] == frame.gs.live && values["switches"] == frame.switches)
      #expect(values["gs.running"] == 0 && values["gs.runnable"] == 0 && waiting == frame.gs.live)
      #expect(polled == frame.netpoll.parked && polled > 0)
      for p in frame.ps {
        #expect(values["p\(p.id).lrq"] == p.lrq && values["p\(p.id).ticks"] == p.ticks)
        #expect(values["p\(p.id).status.\(p.status)"] == 1)
      }
    }

    @Test("The reader in C refuses what is no region, with one line")
    func notARegion() throws {
      let folder = try TemporaryFolder()
      let reader = try compiledReader(in: folder.path)
      for path in ["/etc/passwd", "/dev/null", "/nowhere", Built.demo] {
        let result = try Program.run(Command(reader, path))
        #expect(result.ending == .code(1) && result.output == "" && result.errors.hasPrefix("reader: "))
      }
    }

    @Test("The Inspector's example looks at a server, and goes back in time")
    func inspectorExample() throws {
      let server = try restingServer()
      let program = try Program(
        Command(Built.inspectorExample, "\(server.pid)", environment: server.environment))
      // Make work for as long as the example runs, because it may start to observe at any time.
      while program.ending == nil {
        _ = try server.get("/spawn?n=2000")
        usleep(100_000)
      }
      #expect(try program.wait() == .code(0), "\(program.errors)")
      #expect(program.output.contains(" Gs live, ") && program.output.contains(" 0 events lost"))
      let found = program.output.firstMatch(of: #/(\d+) events; the most that were runnable: (\d+)/#)
      let (events, runnable) = (Int(try #require(found).1)!, Int(try #require(found).2)!)
      #expect(events > 20_000 && runnable > 0)
      // At the first burst's peak, the other P may not have woken yet, so one P is enough.
      #expect(program.output.contains(#/\n  p\([01]\): /#))
    }
  }
}
