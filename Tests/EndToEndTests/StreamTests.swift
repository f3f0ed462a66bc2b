// `mpgtop stream`, `mpgtop -` and `mpgtop --ssh`: a process on another machine, which here is this one.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Streams") struct StreamTests {
    /// A server, and shells in which its region is found.
    private struct Remote {
      let server: DemoServer
      let folder: TemporaryFolder

      init() throws { (server, folder) = (try DemoServer("--procs", "2"), try TemporaryFolder()) }

      func shell(_ line: String, within seconds: Double = patience) throws -> Finished {
        let command = Command(
          "/bin/sh", "-c", line.replacing("MPGTOP", with: Built.mpgtop), environment: environment)
        return try Program.run(command, within: seconds)
      }

      /// In place of ssh: a script that runs the line here, as the shell at the other side does.
      var environment: [String: String?] {
        server.environment.merging(["MPGTOP_SSH": "\(folder.path)/ssh"]) { _, new in new }
      }

      func addSSH() throws {
        let script = """
          #!/bin/sh
          echo $$ >>\(folder.path)/connections
          while [ "$1" != -- ]; do shift; done
          exec sh -c "exec $3"
          """
        try script.write(toFile: "\(folder.path)/ssh", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/ssh")
      }

      var connections: [Int32] {
        contents(of: "\(folder.path)/connections").split(separator: "\n").compactMap { Int32($0) }
      }
    }

    /// Keys whose values depend on when they are read, though the process stands still.
    private static func isOfTheMoment(_ path: String) -> Bool {
      let ends = ["idle_ns", "spin_ns", "call_ns", "run_ns", "utilization", "_max", "tries"]
      return ["t_ns", "uptime_ns"].contains(path) || path.contains(".use.")
        || ["rates.", "instruments.", "minute"].contains { path.hasPrefix($0) }
        || ends.contains { path.hasSuffix($0) }
    }

    @Test(
      "a frame at the other side has every key of one here, and of a process that stands still the same values"
    )
    func sameFrames() throws {
      let remote = try Remote()
      _ = try remote.shell("curl -sS --parallel -o /dev/null '\(remote.server.url("/spawn?n=[20-200]"))'")
      remote.server.program.signal(SIGSTOP)
      defer { remote.server.program.signal(SIGCONT) }
      let here = try remote.shell("MPGTOP --json -n 3 -d 0.4 \(remote.server.pid)")
      let there = try remote.shell("MPGTOP stream \(remote.server.pid) | MPGTOP - --json -n 10 -d 0.3")
      #expect(there.ending == .code(0) && there.errors.isEmpty, "\(there.errors)")
      func keys(_ frame: Flattened) -> Set<String> {
        Set(
          frame.values.keys.filter { key in
            !["findings", "pressure", "instruments.seconds["].contains { key.contains($0) }
          })
      }
      func all(_ finished: Finished) throws -> [Flattened] {
        try finished.output.split(separator: "\n").map { try Flattened(json: String($0)) }
      }
      let wanted = try #require(try all(here).last)
      // On a busy machine the table of Gs is some frames later at the other side.
      let frames = try all(there)
      let frame = try #require(frames.last { keys($0) == keys(wanted) } ?? frames.last)
      #expect(keys(frame) == keys(wanted), "\(keys(frame).symmetricDifference(keys(wanted)).sorted())")
      let different = wanted.differences(from: frame).filter { !Self.isOfTheMoment($0.path) }
      #expect(different.isEmpty, "\(different.map(\.text))")
      // What the system tells of the threads comes along, too.
      #expect(frame.values["instruments.cpu.threads"] == wanted.values["instruments.cpu.threads"])
    }

    @Test("a stream is recorded, explained and exported like a process")
    func commands() throws {
      let remote = try Remote()
      let flood = try Program(
        // At a bounded rate, so that a build for debugging replays in seconds what comes in two of them.
        Command("curl", "-sS", "--rate", "20/s", "-o", "/dev/null", remote.server.url("/spawn?n=[20-4000]")))
      let (pid, path) = (remote.server.pid, remote.folder.path)
      // On a machine that is busy with other things, a sender may have no time to send for two seconds.
      var recorded = ""
      for _ in 0..<5 where recorded.wholeMatch(of: #/mpgtop: \d{4,} events, .*: the time is over\n/#) == nil {
        recorded = try remote.shell(
          "MPGTOP stream \(pid) | MPGTOP record - -o \(path)/a.rec --force --for 2s"
        ).errors
      }
      #expect(
        recorded.wholeMatch(of: #/mpgtop: \d{4,} events, .*: the time is over\n/#) != nil, "\(recorded)")
      let replayed = try remote.shell("MPGTOP replay \(path)/a.rec --json -n 2")
      #expect(
        replayed.ending == .code(0) && replayed.output.contains("\"consistent\":true"), "\(replayed.errors)")
      let why = try remote.shell("MPGTOP stream \(pid) | MPGTOP why - --for 1s --slowest 2")
      #expect(why.ending == .code(0) && why.output.contains("G"), "\(why.errors)")
      let exported = try remote.shell(
        "MPGTOP stream \(pid) | MPGTOP export - --perfetto -o \(path)/p --for 1s")
      #expect(exported.ending == .code(0) && exported.errors.contains("events"), "\(exported.errors)")
      withExtendedLifetime(flood) {}
    }

    @Test("a process that ends, a reader that goes, and input that is no stream")
    func ends() throws {
      let remote = try Remote()
      let pid = remote.server.pid
      let reader = try remote.shell("{ MPGTOP stream \(pid); echo $? >&2; } | head -c 100 >/dev/null")
      #expect(reader.errors == "0\n")
      let none = try remote.shell("echo hello | MPGTOP - --json")
      #expect(none.ending == .code(4) && none.errors == "mpgtop: the stream is none: it looks like text\n")
      let nobody = try remote.shell("MPGTOP stream nobody | MPGTOP - -b")
      #expect(nobody.ending == .code(4) && nobody.errors.contains("no live process called nobody"))
      let program = try Program(
        Command(
          "/bin/sh", "-c", "\(Built.mpgtop) stream \(pid) | \(Built.mpgtop) - --json -d 0.2",
          environment: remote.environment))
      try eventually("frames come") { program.output.split(separator: "\n").count > 2 }
      remote.server.program.signal(SIGKILL)
      #expect(try program.wait() == .code(5))
      #expect(program.errors.contains("process \(pid) is gone: killed"), "\(program.errors)")
      #expect(program.output.split(separator: "\n").last?.contains("\"ended\":\"killed") == true)
    }

    @Test("ssh is started, lists, connects, and connects again when the connection is lost")
    func throughSSH() throws {
      let remote = try Remote()
      try remote.addSSH()
      let (pid, options) = (remote.server.pid, "--ssh there --remote-path \(Built.mpgtop)")
      let list = try remote.shell("MPGTOP \(options) -l")
      #expect(list.ending == .code(0) && list.output.contains("\(pid)"), "\(list.errors)")
      let frames = try remote.shell("MPGTOP \(options) mpg-demo --json -n 2 -d 0.2 --rate 200k")
      #expect(frames.ending == .code(0) && frames.output.contains("\"pid\":\(pid)"), "\(frames.errors)")
      let nobody = try remote.shell("MPGTOP \(options) nobody -b")
      #expect(nobody.ending == .code(4), "\(nobody.ending)")
      #expect(nobody.errors.contains("there says: mpgtop: no live process called nobody"), "\(nobody.errors)")
      let program = try Program(
        Command(
          words: [Built.mpgtop] + options.split(separator: " ").map(String.init) + [
            "\(pid)", "--json", "-d", "0.2",
          ],
          environment: remote.environment))
      let count = remote.connections.count
      try eventually("frames come") { program.output.split(separator: "\n").count > 2 }
      kill(try #require(remote.connections.last), SIGKILL)
      try eventually("it says so: \(program.errors)") { program.errors.contains("connecting again") }
      try eventually("it connects again") { remote.connections.count > count + 1 }
      let printed = program.output.split(separator: "\n").count
      try eventually("frames come again") { program.output.split(separator: "\n").count > printed + 3 }
      #expect(program.ending == nil)
      for (line, words) in [
        ("MPGTOP --ssh -oProxyCommand=x -b", "missing value"),
        ("MPGTOP --ssh=-oProxyCommand=x -b", "is no host"), ("MPGTOP --rate 200k", "go with --ssh"),
        ("MPGTOP --ssh host --post-mortem web", "--ssh"), ("MPGTOP --ssh host -b -", "--ssh"),
      ] {
        let wrong = try remote.shell(line)
        #expect(wrong.ending == .code(64) && wrong.errors.contains(words), "\(line): \(wrong.errors)")
      }
    }
  }
}
