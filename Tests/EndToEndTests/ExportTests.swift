// `mpgtop export`: from each kind of source to a file; and what is refused as a source.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Exports to files") struct ExportTests {
    private struct Exported {
      let server: DemoServer
      let folder: TemporaryFolder

      init() throws {
        (server, folder) = (try DemoServer("--procs", "2"), try TemporaryFolder())
      }

      func path(_ name: String) -> String { "\(folder.path)/\(name)" }

      func mpgtop(_ words: String...) throws -> Finished {
        var command = Command(environment: server.environment)
        command.words = [Built.mpgtop] + words
        return try Program.run(command)
      }

      func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path(name))) }
    }

    @Test("a living process, a recording, and a dead process become traces, in either form")
    func sources() throws {
      let exported = try Exported()
      let server = exported.server
      let flood = try Program(
        Command("curl", "-sS", "-o", "/dev/null", server.url("/spawn?n=[20-2000]")))
      let live = try exported.mpgtop(
        "export", "--go-trace", "--for", "1s", "-o", exported.path("a"), "\(server.pid)")
      #expect(live.ending == .code(0), "\(live.errors)")
      #expect(
        live.errors.wholeMatch(of: #/mpgtop: \d{3,} events, \d+ bytes in .*\n/#) != nil, "\(live.errors)")
      #expect(try exported.bytes("a").starts(with: Data("go 1.26 trace\0\0\0".utf8)))
      let rec = try exported.mpgtop("record", "--for", "1s", "-o", exported.path("rec"), "\(server.pid)")
      #expect(rec.ending == .code(0))
      let recorded = try exported.mpgtop(
        "export", "--perfetto", "-o", exported.path("b"), exported.path("rec"))
      #expect(recorded.ending == .code(0), "\(recorded.errors)")
      // The file's first packet describes the process.
      #expect(
        try exported.bytes("b").first == 0x0a
          && String(decoding: exported.bytes("b").prefix(64), as: UTF8.self).contains("mpg-demo"))
      server.program.signal(SIGKILL)
      try server.program.wait()
      _ = flood
      for source in ["\(server.pid)", try server.region()] {
        let dead = try exported.mpgtop("export", "--go-trace", "-o", exported.path("c"), source)
        #expect(dead.ending == .code(0), "\(dead.errors)")
        #expect(try exported.bytes("c").count > 10_000)
      }
    }

    @Test("a recording that was cut is exported up to there; one that is none is refused, and nothing traps")
    func damage() throws {
      let exported = try Exported()
      for _ in 0..<5 { _ = try exported.server.get("/spawn?n=200") }
      _ = try exported.mpgtop("record", "--for", "1s", "-o", exported.path("rec"), "\(exported.server.pid)")
      let whole = try exported.bytes("rec")
      for (index, form) in ["--go-trace", "--perfetto"].enumerated() {
        try whole.prefix(whole.count * (4 + index) / 6).write(to: URL(filePath: exported.path("cut")))
        let out = exported.path("out\(index)")  // a trace of the other kind would not be replaced
        let cut = try exported.mpgtop("export", form, "-o", out, exported.path("cut"))
        #expect(cut.ending == .code(0) && cut.errors.contains("is damaged: "), "\(cut.errors)")
        try Data("no recording at all".utf8).write(to: URL(filePath: exported.path("text")))
        let none = try exported.mpgtop("export", form, "-o", out, exported.path("text"))
        expectComplaint(none, of: "mpgtop", code: 4, mentions: "text")
      }
    }

    @Test(
      "each command explains itself", arguments: ["record", "replay", "scrub", "serve", "export", "compare"])
    func help(_ name: String) throws {
      for flag in ["--help", "-h"] {
        let shown = try Program.run(Command(Built.mpgtop, name, flag))
        #expect(shown.ending == .code(0) && shown.errors.isEmpty)
        #expect(shown.output.contains("USAGE: mpgtop \(name) "), "\(shown.output.prefix(300))")
      }
    }

    @Test("a command line that makes no sense is a complaint, and leaves the source as it is")
    func mistakes() throws {
      let exported = try Exported()
      try Data("precious".utf8).write(to: URL(filePath: exported.path("rec")))
      let (rec, out) = (exported.path("rec"), exported.path("out"))
      let mistakes: [([String], Int32)] = [
        (["--go-trace", "-o", rec, rec], 64), (["-o", out, rec], 64), (["--go-trace", rec], 64),
        (["--go-trace", "--perfetto", "-o", out, rec], 64),
        (["--perfetto", "-o", out, "no-such-program"], 2),
        (["--perfetto", "-o", out, "99999999"], 2),
        (["--go-trace", "-o", "/nowhere/x", "\(exported.server.pid)"], 71),
      ]
      for (words, code) in mistakes {
        var command = Command(environment: exported.server.environment)
        command.words = [Built.mpgtop, "export", "--for", "100ms"] + words
        expectComplaint(try Program.run(command), of: "mpgtop", code: code)
      }
      #expect(try exported.bytes("rec") == Data("precious".utf8))
    }
  }
}
