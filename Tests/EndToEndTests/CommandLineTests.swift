// The command line as people type it: joined letters, mistyped words, and what help and manual say.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Command lines") struct CommandLineTests {
    private func run(_ words: [String], _ program: String = Built.mpgtop) throws -> Finished {
      try Program.run(Command(words: [program] + words))
    }

    private static let commands = [
      [], ["learn"], ["record"], ["replay"], ["scrub"], ["why"], ["stacks"], ["doctor"], ["run"], ["serve"],
      ["stream"], ["export"], ["compare"],
      ["gen-config"], ["gen-man"],
    ]

    /// The parser's description of a command's options: short names, long names, and whether an option takes
    /// a value.
    private struct Named: Decodable {
      struct Help: Decodable { var command: Described }
      struct Described: Decodable { var arguments: [Argument]? }
      struct Argument: Decodable {
        struct Name: Decodable {
          var kind: String
          var name: String
        }
        var kind: String
        var names: [Name]?
      }
      static func arguments(_ json: String) throws -> [Argument] {
        try JSONDecoder().decode(Help.self, from: Data(json.utf8)).command.arguments ?? []
      }
    }

    private func arguments(_ command: [String]) throws -> [Named.Argument] {
      let dumped = try run(command + ["--experimental-dump-help"])
      return try Named.arguments(dumped.output)
    }

    @Test(
      "every letter of every command takes its value joined, and goes together with others",
      arguments: commands)
    func joined(_ command: [String]) throws {
      let short = try arguments(command).flatMap { argument in
        (argument.names ?? []).filter { $0.kind == "short" }.map { (letter: $0.name, argument.kind) }
      }
      #expect(short.contains { $0.letter == "h" })
      let flags = short.filter { $0.1 == "flag" }.map(\.letter)
      for (letter, kind) in short where kind == "option" {
        for cluster in [[]] + flags.filter({ $0 != "h" }).map({ [$0] }) {
          // Name a target that does not exist: without a target, the outcome would depend on what else runs
          // on the machine.
          let target = "none/such/target"
          let apart = try run(command + cluster.map { "-\($0)" } + ["-\(letter)", "none/such/x1", target])
          for sign in ["", "="] {
            let together = try run(command + ["-\(cluster.joined())\(letter)\(sign)none/such/x1", target])
            #expect(together.ending == apart.ending && together.errors == apart.errors)
            #expect(!together.errors.contains("nknown option"), "\(together.errors)")
          }
        }
      }
      for flag in flags where flag != "h" { #expect(try run(command + ["-\(flag)h"]).ending == .code(0)) }
    }

    @Test("-n1, -d0.5 and -bn1 do what they say")
    func frames() throws {
      let server = try DemoServer()
      for words in [["-bn1"], ["-b", "-n1"], ["-n1", "-b"], ["-bn", "1"], ["-bn=1"], ["-bd0.01", "-n1"]] {
        let shown = try Program.run(
          Command(words: [Built.mpgtop] + words + ["\(server.pid)"], environment: server.environment))
        #expect(shown.ending == .code(0) && shown.output.contains("procs"), "\(words): \(shown.errors)")
      }
      let file = "\(server.folder.path)/-n1"
      let recorded = try Program.run(
        Command(
          words: ["sh", "-c", #"cd "$1"; exec "$0" record --for 100ms -o./-n1 "$2""#, Built.mpgtop]
            + [server.folder.path, "\(server.pid)"], environment: server.environment))
      #expect(
        recorded.ending == .code(0) && FileManager.default.fileExists(atPath: file), "\(recorded.errors)")
    }

    @Test(
      "what is nearly right costs one line that says what was meant",
      arguments: [
        Mistake("-n", "nosuch", code: 64, mentions: "'nosuch' is invalid for '-n <count>'"),
        Mistake("-nnosuch", code: 64, mentions: "'nosuch' is invalid for '-n <count>'"),
        Mistake("-bq1", code: 64, mentions: "-q"),
        Mistake("replay", "-n", code: 64, mentions: "-n <count>"),
        Mistake("why", "-gx", code: 64, mentions: "'x' is invalid for '-g <gid>'"),
        Mistake("recrod", code: 2, mentions: "did you mean mpgtop record?"),
        Mistake("recrod", "-o", "x", "1", code: 64, mentions: "did you mean mpgtop record?"),
        Mistake("rec", "-b", code: 2, mentions: "did you mean mpgtop record?"),
        Mistake("Replay", "-b", code: 2, mentions: "did you mean mpgtop replay?"),
        Mistake("genconfig", "-b", code: 2, mentions: "did you mean mpgtop gen-config?"),
        Mistake("hlep", code: 2, mentions: "did you mean mpgtop help?"),
        Mistake("help", "recrod", code: 64, mentions: "did you mean record?"),
        Mistake("help", "nothing", code: 64, mentions: "there are learn, record, replay"),
        Mistake("no-such-program", "-b", code: 2, mentions: "no live process called no-such-program"),
        Mistake("record", "-o", "x", "--when", "grq", code: 64, mentions: "--when 'grq>1000'"),
        Mistake("record", "-o", "x", "--when", "grq>abc", code: 64, mentions: "'abc' is no number"),
        Mistake("record", "-o", "x", "--when", "runnable_age>abc", code: 64, mentions: "'abc' is no time"),
        Mistake(
          "record", "-o", "x", "--when", "colour>1", code: 64, mentions: "'colour' is none of grq, runnable"),
        Mistake("serve", "--prometheus", "abc", code: 64, mentions: "--prometheus 127.0.0.1:9464"),
        Mistake("serve", "--prometheus", "example.org:80", code: 64, mentions: "an address in numbers"),
        Mistake("record", "-o", "x", "--fro", "1s", code: 64, mentions: "mpgtop record --help"),
        Mistake("replay", "-b", "/", code: 4, mentions: "no Go trace in the folder /"),
        Mistake("replay", "-b", "/etc/passwd", code: 4, mentions: "is not a recording: it looks like text"),
        Mistake("replay", "-b", "/proc/self/exe", code: 4, mentions: "a program"),
        Mistake("scrub", "/etc/passwd", "-o", "/dev/null", code: 4, mentions: "it looks like text"),
        Mistake(
          "export", "--perfetto", "/etc/passwd", "-o", "/dev/null", code: 4, mentions: "it looks like text"),
      ])
    func mistakes(_ mistake: Mistake) throws {
      expectComplaint(
        try run(mistake.arguments), of: "mpgtop", code: mistake.code, mentions: mistake.mentions)
    }

    @Test(
      "a G that was never seen is told apart from one that did not wait, with the range of those that were")
    func unknownG() throws {
      let server = try DemoServer()
      let file = "\(server.folder.path)/a.rec"
      let load = try Program(Command("curl", "-sS", "-o", "/dev/null", server.url("/spawn?n=[20-90000]")))
      let recorded = try Program.run(
        Command(
          Built.mpgtop, "record", "--for", "1s", "-o", file, "\(server.pid)", environment: server.environment)
      )
      #expect(recorded.ending == .code(0))
      let unknown = try run(["why", "-g", "999999999", "--replay", file])
      expectComplaint(
        unknown, of: "mpgtop", code: 2,
        mentions: "G999999999 is not in this history; its Gs are among G1 to G")
      let last = try #require(unknown.errors.firstMatch(of: #/to G(\d+)\n/#).flatMap { Int($0.1) })
      #expect(last > 2 && last < 999_999_999)
      let known = try run(["why", "-g\(last)", "--replay", file])
      #expect(known.ending == .code(0) || known.errors.contains("no wait of G\(last)"), "\(known.errors)")
      withExtendedLifetime(load) {}
    }

    @Test("the manual has every command with all of its options; each is explained by help")
    func manual() throws {
      let manual = try run(["gen-man"]).output.replacingOccurrences(of: "\\-", with: "-")
      let names = Self.commands.compactMap(\.first)
      let listed = try run(["--help"]).output
      #expect(listed.contains(names.joined(separator: "|")), "the list of commands of this test is whole")
      for command in Self.commands {
        if let name = command.first { #expect(manual.contains(".SS mpgtop \(name)\n")) }
        let help = try run(command + ["--help"]).output
        for argument in try arguments(command) {
          for name in argument.names ?? [] where name.kind == "long" {
            #expect(
              manual.contains("--\(name.name)") && help.contains("--\(name.name)"), "\(command) \(name.name)")
          }
        }
      }
      for example in ["--when 'grq>1000'", "--when 'runnable_age>100ms'"] {
        #expect(try words(run(["record", "--help"]).output).contains(example))
      }
      for example in ["--prometheus 127.0.0.1:9464", "--prometheus '[::1]:9464'"] {
        #expect(try words(run(["serve", "--help"]).output).contains(example))
      }
    }

    /// Help text without its line breaks, which depend on the room.
    private func words(_ text: String) -> String {
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("--version --verbose says of each library whether it was compiled in, and whether it is here")
    func features() throws {
      let version = try run(["--version"]).output.trimmingCharacters(in: .newlines)
      let told = try run(["--version", "--verbose"])
      let lines = told.output.split(separator: "\n").map {
        $0.split(separator: " ", maxSplits: 1).map(String.init)
      }
      #expect(told.ending == .code(0) && told.errors.isEmpty)
      #expect(lines.map(\.first) == [version, "libdw", "zstd", "io_uring"])
      #expect(try run(["--verbose", "--version"]).output == told.output)
      for (line, library, header) in [
        (1, "libdw.so.1", "/usr/include/elfutils/libdw.h"), (2, "libzstd.so.1", "/usr/include/zstd.h"),
      ] {
        let isBuiltIn = FileManager.default.fileExists(atPath: header)
        let words = try #require(lines[line].last)
        let state = words.drop { $0 == " " }
        // The same question to the same linker, asked by another program.
        let isHere = unsafe dlopen(library, RTLD_LAZY) != nil
        let wanted =
          isBuiltIn ? isHere ? /yes, \d+\.\d+.*/ : /no, compiled in but.*/ : /no, not compiled in.*/
        #expect(state.wholeMatch(of: wanted) != nil, "\(lines[line])")
      }
      expectComplaint(
        try run(["--verbose"]), of: "mpgtop", code: 64, mentions: "--verbose goes with --version")
    }

    @Test("mpg-demo lists the paths that it answers, and no others")
    func paths() throws {
      let help = try run(["--help"], Built.demo)
      #expect(help.ending == .code(0))
      let listed = help.output.split(separator: "\n").compactMap { line in
        line.firstMatch(of: #/^  (\/[a-z]*)(\?\S+)? +\S/#).map {
          (path: String($0.1), query: String($0.2 ?? ""))
        }
      }
      #expect(listed.count >= 13, "\(help.output)")
      let server = try DemoServer("--files", "/usr/share")
      for (path, query) in listed where path != "/crash" {
        let answer = try Program.run(
          Command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", server.url(path + query)))
        // a/b.txt does not exist.
        #expect(answer.output == (path == "/file" ? "404" : "200"), "\(path)\(query)")
      }
      let documented = contents(of: "\(Built.repository)/docs/http.md")
      for (path, _) in listed { #expect(documented.contains("`\(path)")) }
    }

    @Test("the other programs take joined values, and say in one line what they do not know")
    func others() throws {
      let bench = "\(Built.folder)/mpg-bench"
      for (words, said) in [
        (["-pnosuch"], "-p wants a number"), (["-n=x"], "-n wants a number"),
        (["nosuch"], "no measure nosuch"),
        (["--bogus"], "unknown option --bogus"), ([], "no measure named"),
      ] {
        expectComplaint(try run(words, bench), of: "mpg-bench", code: 64, mentions: said)
      }
      #expect(try run(["-p1", "-n10", "spawn"], bench).errors.contains("wants") == false)
      for (words, said) in [
        (["fairnes"], "the only one is fairness"), (["--bogus"], "--bogus"),
        (["--procs", "x"], "'x' is invalid"),
        (["fairness", "--bogus"], "--bogus"),
      ] {
        expectComplaint(try run(words, Built.soak), of: "mpg-soak", code: 64, mentions: said)
      }
      expectComplaint(
        try run(["--port", "x"], Built.demo), of: "mpg-demo", code: 64, mentions: "'x' is invalid")
    }
  }
}
