// What mpg-load says when it cannot begin.
import Foundation
import TestSupport
import Testing

@Suite("The command line of mpg-load")
struct CommandLineTests {
  @Test(
    "a wrong command line costs one line and exit code 64",
    arguments: [
      [], ["--rate", "0", "a"], ["--rate", "x", "a"], ["-c", "0", "a"], ["--burst", "0", "a"],
      ["--burst", "5", "--rate", "5", "a"], ["--burst", "5", "-d", "5", "a"], ["--idle", "-1", "a"],
      ["-d", "0", "a"], ["-d", "5h", "a"], ["--timeout", "nan", "a"], ["https://a/"], ["ftp://a"], ["a:0"],
      ["a:70000"], ["http://:80/"], ["me@a"], ["http://a/b c"], ["[::1", "x"], ["a", "--path", "b"],
      ["a", "--path", "0:/b"], ["a/b", "--path", "/c"], ["a", "b"], ["--unknown", "a"],
      ["a", "--procs", "0"],
      ["a", "--path", "/b\r\nX: y"], ["a", "--path", "/ä"],
    ])
  func usage(_ arguments: [String]) throws {
    let run = try load(arguments)

    #expect(run.ending == .code(64))
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("mpg-load: ") && run.errors.hasSuffix("; try --help\n"), "\(run.errors)")
    #expect(run.errors.filter(\.isNewline).count == 1, "\(run.errors)")
  }

  @Test("--help shows examples, each of which is a right command line")
  func help() throws {
    let help = try load(["--help"])
    #expect(help.ending == .code(0))
    let examples = help.output.split(separator: "\n").filter { $0.contains("  mpg-load ") }
    #expect(examples.count == 6)
    for example in examples {
      let words = example.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
      let end = words.firstIndex { $0.contains("127.0.0.1") }.map { $0 + 1 } ?? 0
      let arguments = words[1..<end].map { $0.filter { $0 != "'" } }
      // Without the server's address, of which there may be one that listens.
      let run = try load(arguments.dropLast() + ["127.0.0.1:1"])
      #expect(run.ending == .code(1), "\(arguments): \(run)")
    }
  }

  @Test("a server that cannot be reached costs one line with the cause, and exit code 1")
  func unreachable() throws {
    let port = try LoopbackSocket.freePort()
    let refused = try load(["127.0.0.1:\(port)"])
    #expect(refused.ending == .code(1) && refused.output.isEmpty)
    #expect(
      refused.errors
        == "mpg-load: cannot reach 127.0.0.1:\(port): connect: ECONNREFUSED; does the server run there?\n")

    let unknown = try load(["http://no-such-host.invalid/"])
    #expect(unknown.ending == .code(1) && unknown.output.isEmpty)
    #expect(unknown.errors.hasPrefix("mpg-load: cannot reach no-such-host.invalid: no-such-host.invalid: "))
    #expect(unknown.errors.filter(\.isNewline).count == 1)
  }

  @Test("more connections than descriptors cost one line that says how many there may be, and exit code 71")
  func descriptors() throws {
    let folder = try TemporaryFolder()
    let run = try Program.run(
      Command(
        "prlimit", "--nofile=100:500", Built.load, "127.0.0.1:1", "--idle", "400", "-c", "90",
        environment: ["XDG_RUNTIME_DIR": folder.path]))
    #expect(run.ending == .code(71) && run.output.isEmpty)
    #expect(
      run.errors
        == "mpg-load: 490 connections need 554 descriptors, and the hard limit is 500; ask for fewer, or raise it "
        + "(ulimit -Hn) as root\n")
  }

  @Test("the soft limit of descriptors is raised to the hard one")
  func softLimit() throws {
    let demo = try ListeningDemo([])
    let folder = try TemporaryFolder()
    let run = try Program.run(
      Command(
        "prlimit", "--nofile=80:500", Built.load, "127.0.0.1:\(demo.port)", "--burst", "200", "--json",
        environment: ["XDG_RUNTIME_DIR": folder.path]))
    #expect(try LoadReport(run).requests.answered == 200)
  }

  @Test("a reader that leaves before the report costs one line, and exit code 74; no signal ends it")
  func brokenPipe() throws {
    let demo = try ListeningDemo([])
    let folder = try TemporaryFolder()
    let command = "\(Built.load) --burst 1 127.0.0.1:\(demo.port) | true; echo ${PIPESTATUS[0]}"
    let run = try Program.run(Command("bash", "-c", command, environment: ["XDG_RUNTIME_DIR": folder.path]))
    #expect(run.output == "74\n")
    #expect(run.errors == "mpg-load: cannot write the report: standard output takes nothing\n")
  }
}
