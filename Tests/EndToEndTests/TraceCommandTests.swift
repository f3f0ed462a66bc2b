// `mpgtop export`, `scrub` and `compare` on Go traces: from a file, packed, a folder, standard input; and what is refused.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Go traces on the command line") struct TraceCommandTests {
    private static let kept = "\(Built.repository)/Tests/GoTraceTests/Fixtures"
    private static let trace = "\(kept)/long-1.27.3.trace"

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func mpgtop(_ words: [String]) throws -> Finished {
      try Program.run(Command(words: [Built.mpgtop] + words))
    }

    private func shell(_ line: String, _ words: String...) throws -> Finished {
      try Program.run(Command(words: ["sh", "-c", line, Built.mpgtop] + words))
    }

    private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path(name))) }

    private static let forms: [(words: [String], start: [UInt8])] = [
      (["--go-trace"], Array("go 1.26 trace\0\0\0".utf8)), (["--perfetto"], [0x0a]),
      (["--pprof", "sched"], [0x1f, 0x8b]), (["--pprof", "block"], [0x1f, 0x8b]),
      (["--jsonl"], Array("{\"time_ns\":".utf8)), (["--csv"], Array("time_ns,".utf8)),
    ]

    @Test("each form comes of a file, of the same packed by gzip, of both by pipe, and of a folder")
    func forms() throws {
      #expect(try shell("gzip -c \"$1\" >\"$2\"", Self.trace, path("packed")).ending == .code(0))
      for (number, (words, start)) in Self.forms.enumerated() {
        let out = path("out\(number)")
        let made = try mpgtop(["export"] + words + ["-o", out, Self.trace])
        #expect(made.ending == .code(0) && made.errors.hasPrefix("mpgtop: "), "\(made.errors)")
        let whole = try bytes("out\(number)")
        #expect(whole.starts(with: start) && whole.count > 500)
        let packed = try mpgtop(["export"] + words + ["-o", out, path("packed")])
        let again = try bytes("out\(number)")
        #expect(packed.ending == .code(0) && again == whole, "\(packed.errors)")
        // By pipe and by redirection; which of them brings the packed one changes from form to form.
        let sources = [Self.trace, path("packed")]
        for (index, line) in [
          #"cat "$1" | "$0" export \#(words.joined(separator: " ")) -o "$2" -"#,
          #""$0" export \#(words.joined(separator: " ")) -o "$2" - <"$1""#,
        ].enumerated() {
          let piped = try shell(line, sources[(index + number) % 2], out)
          let again = try bytes("out\(number)")
          #expect(piped.ending == .code(0) && again == whole, "\(piped.errors)")
        }
      }
      let all = try mpgtop(["export", "--jsonl", "-o", path("flight"), "\(Self.kept)/flight"])
      #expect(all.ending == .code(0), "\(all.errors)")
    }

    @Test("a cut of a cut is what a cut from the beginning is; and what has no event is refused")
    func cut() throws {
      let first = try mpgtop(
        ["export", "--go-trace", "--from", "500ms", "--to", "2s", "-o", path("a"), Self.trace])
      #expect(first.ending == .code(0), "\(first.errors)")
      #expect(try bytes("a").count < Data(contentsOf: URL(filePath: Self.trace)).count)
      let second = try mpgtop(["export", "--jsonl", "-o", path("a.jsonl"), path("a")])
      #expect(second.ending == .code(0), "\(second.errors)")
      let none = try mpgtop(["export", "--go-trace", "--from", "1h", "-o", path("b"), Self.trace])
      expectComplaint(none, of: "mpgtop", code: 64, mentions: "has no event there")
      #expect(!FileManager.default.fileExists(atPath: path("b")))
    }

    @Test("scrub leaves no name of a trace, and takes it from a pipe, too")
    func scrub() throws {
      let made = try mpgtop(["scrub", Self.trace, "-o", path("clean")])
      #expect(made.ending == .code(0) && made.errors.contains("names replaced"), "\(made.errors)")
      #expect(try shell(#"grep -qa 'main\.\|/usr\|runtime\.' "$1""#, Self.trace).ending == .code(0))
      #expect(try shell(#"grep -ca 'main\.\|\.go' "$1""#, path("clean")).output == "0\n")
      let piped = try shell(#"cat "$1" | "$0" scrub - -o "$2""#, Self.trace, path("piped"))
      #expect(piped.ending == .code(0), "\(piped.errors)")
      let compared = try mpgtop(["compare", path("clean"), path("piped")])
      #expect(compared.ending == .code(0) && compared.output.contains("run delay: much the same"))
    }

    @Test("compare shows two traces side by side, as text and as JSON, in the width of a small terminal")
    func compare() throws {
      let other = "\(Self.kept)/every-1.27.3.trace"
      let text = try mpgtop(["compare", Self.trace, other])
      #expect(text.ending == .code(0) && text.errors.isEmpty, "\(text.errors)")
      #expect(text.output.contains("run delay: ") && text.output.contains("waiting: sleep: "))
      let json = try mpgtop(["compare", "--json", Self.trace, other])
      let parsed = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect((parsed?["rows"] as? [Any])?.count ?? 0 > 8)
      let piped = try shell(#""$0" compare - "$1" <"$1""#, Self.trace)
      #expect(
        piped.ending == .code(0) && piped.output.contains("run delay: much the same"), "\(piped.errors)")
    }

    @Test("recordings are compared in the same way")
    func recordings() throws {
      let server = try DemoServer("--procs", "2")
      for (name, request) in [("calm", "/about"), ("busy", "/spawn?n=500")] {
        let load = try Program(Command("curl", "-sS", "-o", "/dev/null", server.url("\(request)#[1-2000]")))
        let made = try Program.run(
          Command(
            words: [Built.mpgtop, "record", "--for", "500ms", "-o", path(name), "\(server.pid)"],
            environment: server.environment))
        #expect(made.ending == .code(0), "\(made.errors)")
        load.signal(SIGKILL)
      }
      let compared = try mpgtop(["compare", path("calm"), path("busy")])
      #expect(compared.ending == .code(0), "\(compared.errors)")
      #expect(compared.output.contains("run delay") && compared.output.contains("waiting: network"))
    }

    @Test("a trace that is cut off is exported as far as it is whole, and one line says so")
    func damage() throws {
      let whole = try Data(contentsOf: URL(filePath: Self.trace))
      try whole.prefix(whole.count * 2 / 3).write(to: URL(filePath: path("damaged")))
      for (number, (words, _)) in Self.forms.enumerated() {
        let made = try mpgtop(["export"] + words + ["-o", path("out\(number)"), path("damaged")])
        #expect(made.ending == .code(0) && made.errors.contains("is damaged: "), "\(made.errors)")
        #expect(made.errors.split(separator: "\n").count <= 3)
      }
      // What was cut off is a whole trace again.
      let again = try mpgtop(["export", "--csv", "-o", path("again"), path("out0")])
      #expect(again.ending == .code(0) && !again.errors.contains("is damaged"), "\(again.errors)")
      let scrubbed = try mpgtop(["scrub", path("damaged"), "-o", path("clean")])
      #expect(scrubbed.ending == .code(0) && scrubbed.errors.contains("is damaged: "), "\(scrubbed.errors)")
    }

    @Test("what makes no sense is one line and a code, and a file that is there stays as it is")
    func mistakes() throws {
      try Data("precious".utf8).write(to: URL(filePath: path("notes")))
      try Data("go 1.21 trace\0\0\0".utf8).write(to: URL(filePath: path("old")))
      let (trace, out) = (Self.trace, path("out"))
      let mistakes: [([String], Int32, String)] = [
        (["export", "--pprof", "cpu", "-o", out, trace], 64, "sched"),
        (["export", "--pprof", "sched", "--csv", "-o", out, trace], 64, "two forms"),
        (["export", "--jsonl", "-o", out], 64, "Go trace"),
        (["export", "--csv", "--from", "1s", "-o", out, trace], 64, "--go-trace"),
        (["export", "--go-trace", "--from", "2s", "--to", "1s", "-o", out, trace], 64, "later"),
        (["export", "--go-trace", "--first-waits", "-o", out, trace], 64, "--pprof"),
        (["export", "--csv", "-o", path("notes"), trace], 64, "--force"),
        (["export", "--go-trace", "-o", trace, trace], 64, "itself"),
        (["export", "--pprof", "sched", "-o", out, "/etc/passwd"], 4, "not a Go execution trace"),
        (["export", "--pprof", "sched", "-o", out, "/none/such"], 71, "/none/such"),
        (["export", "--go-trace", "-o", out, path("old")], 4, "go 1.21 trace"),
        (["scrub", path("old"), "-o", out], 4, "go 1.21 trace"),
        (["compare", trace, "/etc/passwd"], 4, "it looks like text"),
        (["compare", trace, "/none/such"], 4, "/none/such"),
        (["compare", trace], 64, "'<b>'"), (["compare", "-", "-"], 64, "standard input"),
      ]
      for (words, code, mentions) in mistakes {
        expectComplaint(try mpgtop(words), of: "mpgtop", code: code, mentions: mentions)
        #expect(!FileManager.default.fileExists(atPath: out), "\(words)")
      }
      #expect(try bytes("notes") == Data("precious".utf8))
    }
  }
}
