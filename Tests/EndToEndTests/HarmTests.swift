// No command destroys what it reads, and none leaves half of what it writes: when input and output are one
// file under two names, on a full disk, and when it is killed in the middle.
import Foundation
import TestSupport
import Testing

/// A recording of a server under load, and a folder in which commands write.
private final class Workplace {
  let server: DemoServer
  let folder: TemporaryFolder
  var recording: String { path("a.rec") }

  /// - Parameter seconds: how long to record.
  init(seconds: String = "500ms") throws {
    (server, folder) = (try DemoServer("--procs", "2"), try TemporaryFolder())
    let load = try self.load()
    let recorded = try mpgtop(["record", "--for", seconds, "-o", recording, "\(server.pid)"])
    guard recorded.ending == .code(0) else { throw Broken(recorded.errors) }
    withExtendedLifetime(load) {}
  }

  func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  /// Keeps the server busy for as long as the returned program is kept.
  ///
  /// Each G is some six events. What is recorded is replayed, which takes 10 to 30 µs an event in a build for debugging, so on a
  /// fast machine as many as the server can make would take minutes.
  func load() throws -> Program {
    try Program(
      Command("curl", "-sS", "--rate", "60/s", "-o", "/dev/null", server.url("/spawn?n=[500-90000]")))
  }

  func command(_ words: [String]) -> Command {
    var command = Command(environment: server.environment)
    command.words = [Built.mpgtop] + words
    return command
  }

  func mpgtop(_ words: [String]) throws -> Finished { try Program.run(command(words)) }

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  var listed: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  /// Whether a process has written to a file in the folder that is not in its place yet: one without a name,
  /// or a visible `.part`.
  func isWriting(_ pid: Int32) -> Bool {
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
    return descriptors.contains { number in
      let target =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(number)")) ?? ""
      guard target.hasPrefix("\(folder.path)/"), target.hasSuffix(" (deleted)") || target.hasSuffix(".part")
      else {
        return false
      }
      let position = contents(of: "/proc/\(pid)/fdinfo/\(number)").firstMatch(of: #/pos:\s+(\d+)/#)?.1
      return (position.flatMap { Int($0) } ?? 0) > 0
    }
  }
}

extension EndToEnd {
  @Suite("No harm") struct HarmTests {
    @Test("What is read is not written to, by whichever name it goes: one line, 64, and not a byte is lost")
    func inputIsOutput() throws {
      let place = try Workplace()
      let region = try place.server.region()
      let files = FileManager.default
      try files.linkItem(atPath: place.recording, toPath: place.path("hard.rec"))
      try files.createSymbolicLink(atPath: place.path("soft.rec"), withDestinationPath: "a.rec")
      try files.createSymbolicLink(atPath: place.path("round"), withDestinationPath: ".")
      try files.createSymbolicLink(atPath: place.path("region"), withDestinationPath: region)
      let before = try place.bytes(place.recording)
      let names = ["a.rec", "./a.rec", "hard.rec", "soft.rec", "round/a.rec", "round/soft.rec"].map(
        place.path)
      for name in names {
        for words in [["scrub"], ["export", "--perfetto"], ["export", "--go-trace"]] {
          for input in [place.recording, place.path("soft.rec")] {
            let finished = try place.mpgtop(words + [input, "-o", name])
            expectComplaint(finished, of: "mpgtop", code: 64, mentions: "it is the input itself")
          }
        }
        #expect(try place.bytes(place.recording) == before)
      }
      for name in [region, place.path("region")] {
        for words in [["record", "--for", "100ms"], ["export", "--perfetto", "--for", "100ms"]] {
          let finished = try place.mpgtop(words + ["\(place.server.pid)", "-o", name])
          expectComplaint(finished, of: "mpgtop", code: 64, mentions: "it is the input itself")
        }
        #expect(try place.server.frame().pid == place.server.pid)
      }
      // The shell opens the output file, not mpgtop.
      let script = #""$0" scrub "$1" -o - >>"$1""#
      var appended = Command()
      appended.words = ["sh", "-c", script, Built.mpgtop, place.recording]
      expectComplaint(try Program.run(appended), of: "mpgtop", code: 64, mentions: "it is the input itself")
      #expect(try place.bytes(place.recording) == before)
    }

    @Test(
      "New files that are handed on follow the umask, recordings are private; what is replaced keeps its mode"
    )
    func modes() throws {
      let place = try Workplace()
      func run(_ words: String) throws {
        var command = Command(environment: place.server.environment)
        command.words = [
          "sh", "-c", "umask 022; cd '\(place.folder.path)'; exec \"$0\" \(words)", Built.mpgtop,
        ]
        let finished = try Program.run(command)
        #expect(finished.ending == .code(0), "\(finished.errors)")
      }
      try run("scrub a.rec -o clean.rec")
      try run("export --perfetto a.rec -o a.pftrace")
      try run("export --go-trace a.rec -o a.trace")
      try run("gen-config -o config")
      for name in ["clean.rec", "a.pftrace", "a.trace", "config"] {
        #expect(try place.mode(place.path(name)) == 0o644, "\(name)")
      }
      #expect(try place.mode(place.recording) == 0o600)
      for name in ["clean.rec", "a.rec"] { _ = unsafe chmod(place.path(name), 0o640) }
      try run("scrub a.rec -o clean.rec")
      try run("record --for 100ms \(place.server.pid) -o a.rec")
      for name in ["clean.rec", "a.rec"] { #expect(try place.mode(place.path(name)) == 0o640, "\(name)") }
    }

    @Test("Somebody's settings are never written over")
    func settings() throws {
      let place = try Workplace()
      try Data("theme = dark\n".utf8).write(to: URL(fileURLWithPath: place.path("config")))
      expectComplaint(
        try place.mpgtop(["gen-config", "-o", place.path("config")]), of: "mpgtop", code: 64,
        mentions: "it is there already")
      #expect(contents(of: place.path("config")) == "theme = dark\n")
    }

    @Test("Two recorders of one file: the second is refused in one line, and the first keeps what it has")
    func twoRecorders() throws {
      let place = try Workplace()
      let load = try place.load()
      for name in ["new.rec", "a.rec"] {
        let path = place.path(name)
        let first = try Program(place.command(["record", "-o", path, "\(place.server.pid)"]))
        try eventually("it writes; it said \(first.errors)") { place.isWriting(first.pid) }
        for words in [["-o", path], ["--force", "-o", path], ["-o", "\(place.folder.path)/./\(name)"]] {
          let second = try place.mpgtop(["record", "--for", "100ms", "\(place.server.pid)"] + words)
          expectComplaint(second, of: "mpgtop", code: 3, mentions: "another recorder is writing it")
        }
        sleep(1)
        first.signal(SIGINT)
        #expect(try first.wait() == .code(0))
        let shown = try place.mpgtop(["replay", path, "--csv"])
        #expect(
          shown.ending == .code(0) && shown.errors == "" && shown.output.split(separator: "\n").count > 1)
      }
      #expect(try place.listed == ["a.rec", "new.rec"])
      withExtendedLifetime(load) {}
    }

    @Test("What is no recording, or no such trace, is replaced only where --force says so")
    func mistakenNames() throws {
      let place = try Workplace()
      let pid = "\(place.server.pid)"
      let commands = [
        ["record", "--for", "100ms", pid], ["scrub", place.recording],
        ["export", "--perfetto", place.recording],
        ["export", "--go-trace", place.recording],
      ]
      let kinds = [0, 0, 1, 2]
      func write(_ words: [String]) throws -> Finished {
        try place.mpgtop(words + ["-o", place.path("out")])
      }
      for (index, words) in commands.enumerated() {
        for precious in ["my notes\n", "\n", "\u{0}", "go 2\n", "go 1.26\n\nuse .\n"] {
          try Data(precious.utf8).write(to: URL(fileURLWithPath: place.path("out")))
          expectComplaint(try write(words), of: "mpgtop", code: 64, mentions: "--force replaces it")
          #expect(contents(of: place.path("out")) == precious)
        }
        #expect(try write(words + ["--force"]).ending == .code(0))
        // A file of the same kind and an empty file are replaced without --force. A file of another kind is
        // not.
        #expect(try write(words).ending == .code(0))
        for (other, words) in commands.enumerated() where kinds[other] != kinds[index] {
          expectComplaint(try write(words), of: "mpgtop", code: 64, mentions: "--force replaces it")
        }
        try Data().write(to: URL(fileURLWithPath: place.path("out")))
        #expect(try write(words).ending == .code(0))
      }
    }

    @Test("Standard output and pipes can be written to")
    func streams() throws {
      let place = try Workplace()
      let script = """
        cd '\(place.folder.path)'
        "$0" scrub a.rec -o - | cat >piped.rec
        "$0" scrub a.rec -o /dev/stdout >written.rec
        "$0" scrub a.rec -o plain.rec
        "$0" record --for 100ms \(place.server.pid) -o - 2>errors | "$0" replay --csv -n 1 /dev/stdin
        """
      var command = Command(environment: place.server.environment)
      command.words = ["sh", "-c", script, Built.mpgtop]
      let finished = try Program.run(command)
      let plain = try place.bytes(place.path("plain.rec"))
      #expect(try plain.count > 1000 && place.bytes(place.path("piped.rec")) == plain)
      #expect(try place.bytes(place.path("written.rec")) == plain)
      #expect(finished.errors == "mpgtop: /dev/stdin is not a recording: it is a pipe\n")
    }

    // MARK: killed in the middle

    @Test(
      "Ended in the middle, it leaves the old file as it was, and none where there was none",
      arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
    func killed(by signal: Int32) throws {
      let place = try Workplace(seconds: "2s")
      let whole = try place.bytes(place.recording)
      for words in [
        ["scrub", "--force"], ["export", "--force", "--go-trace"], ["export", "--force", "--perfetto"],
      ] {
        for isThere in [false, true] {
          let out = place.path("out")
          try? FileManager.default.removeItem(atPath: out)
          if isThere { try Data("old".utf8).write(to: URL(fileURLWithPath: out)) }
          // The command may finish before the signal arrives: try again.
          let wasCaught = try (0..<20).contains { _ in
            let program = try Program(place.command(words + [place.recording, "-o", out]))
            try eventually("it writes") { place.isWriting(program.pid) || program.ending != nil }
            program.signal(signal)
            let wasCaught = try program.wait() == .signal(signal)
            if !wasCaught, isThere { try Data("old".utf8).write(to: URL(fileURLWithPath: out)) }
            if !wasCaught, !isThere { try? FileManager.default.removeItem(atPath: out) }
            return wasCaught
          }
          #expect(wasCaught, "\(words)")
          #expect(contents(of: out) == (isThere ? "old" : ""))
          #expect(try place.listed == ["a.rec"] + (isThere ? ["out"] : []))
        }
        try? FileManager.default.removeItem(atPath: place.path("out"))
      }
      #expect(try place.bytes(place.recording) == whole)
    }

    @Test(
      "A recorder that is asked to stop ends its file; a killed one leaves what it had as a part, and no half a file"
    )
    func recorderKilled() throws {
      let place = try Workplace()
      let load = try place.load()
      for (signal, ending) in [
        (SIGINT, Program.Ending.code(0)), (SIGTERM, .code(0)), (SIGHUP, .code(0)),
        (SIGKILL, .signal(SIGKILL)),
      ] {
        let old = try place.bytes(place.recording)
        for name in ["a.rec", "new.rec"] {
          let program = try Program(place.command(["record", "-o", place.path(name), "\(place.server.pid)"]))
          try eventually("it writes; it said \(program.errors)") { place.isWriting(program.pid) }
          #expect(try place.listed.contains("\(name).part"))
          if name == "a.rec" { #expect(try place.bytes(place.recording) == old) }
          sleep(1)  // time for some segments
          program.signal(signal)
          #expect(try program.wait() == ending)
        }
        if signal == SIGKILL {
          #expect(try place.bytes(place.recording) == old)
          #expect(try place.listed == ["a.rec", "a.rec.part", "new.rec.part"])
          let shown = try place.mpgtop(["replay", place.path("new.rec.part"), "--csv"])
          #expect(shown.ending == .code(0) && shown.output.split(separator: "\n").count > 1)
          let missing = try place.mpgtop(["replay", place.path("new.rec"), "--csv"])
          expectComplaint(missing, of: "mpgtop", code: 4, mentions: "new.rec.part is being written")
        } else {
          #expect(try place.listed == ["a.rec", "new.rec"])
          for name in ["a.rec", "new.rec"] {
            let shown = try place.mpgtop(["replay", place.path(name), "--csv", "-n", "1"])
            #expect(shown.ending == .code(0) && shown.errors == "")
          }
          try FileManager.default.removeItem(atPath: place.path("new.rec"))
        }
      }
      withExtendedLifetime(load) {}
    }

    @Test(
      "On a file system that has no nameless files, ended in the middle, it leaves nothing either",
      .enabled(if: Machine.path(of: "strace") != nil, "strace is not installed"),
      arguments: [SIGINT, SIGTERM])
    func killedWithName(by signal: Int32) throws {
      let place = try Workplace(seconds: "1s")
      try Data("old".utf8).write(to: URL(fileURLWithPath: place.path("out")))
      let trace = place.path("trace")
      // strace makes the first request for a file without a name fail with EOPNOTSUPP. It also slows down
      // every write.
      let script = """
        exec strace -f -qq -o '\(trace)' -e trace=openat,write -P '\(place.folder.path)' \
          -e inject=openat:error=EOPNOTSUPP "$0" scrub --force '\(place.recording)' -o '\(place.path("out"))'
        """
      var command = Command()
      command.words = ["sh", "-c", script, Built.mpgtop]
      let wasCaught = try (0..<20).contains { _ in
        let program = try Program(command)
        var inner: Int32?
        try eventually("it writes") {
          let listed = try place.listed
          inner =
            listed.compactMap { $0.firstMatch(of: #/^\.mpgtop-(\d+)-\d+$/#).flatMap { Int32($0.1) } }.first
          return inner != nil || program.ending != nil
        }
        if let inner { kill(inner, signal) }
        try program.wait()
        let wasCaught = contents(of: place.path("out")) == "old"
        try Data("old".utf8).write(to: URL(fileURLWithPath: place.path("out")))
        return wasCaught
      }
      #expect(wasCaught)
      #expect(try place.listed == ["a.rec", "out", "trace"])
    }
  }

  // MARK: a full disk

  @Suite("No harm on a full tmpfs", .enabled(if: canMount, "mounting a tmpfs is not permitted here"))
  struct FullDiskTests {
    /// Runs a shell script in a folder on its own tmpfs of this size. `"$0"` is mpgtop; `$REC` is a recording
    /// elsewhere.
    private func run(_ place: Workplace, kilobytes: Int, _ script: String) throws -> Finished {
      let mountPoint = try TemporaryFolder()
      var environment = place.server.environment
      environment["REC"] = place.recording
      let prepare =
        "mount -t tmpfs -o size=\(kilobytes)k tmpfs '\(mountPoint.path)' && cd '\(mountPoint.path)'"
      return try Program.run(
        Command("unshare", "-m", "sh", "-c", "\(prepare)\n\(script)", Built.mpgtop, environment: environment))
    }

    @Test(
      "What does not fit leaves no half of it, and an old file as it was",
      arguments: ["scrub --force", "export --force --go-trace", "export --force --perfetto"])
    func full(_ command: String) throws {
      let place = try Workplace(seconds: "1s")
      for prepare in ["", "echo old >out; "] {
        let finished = try run(
          place, kilobytes: 64,
          prepare
            + "\"$0\" \(command) \"$REC\" -o out; echo code $?; cat out 2>/dev/null; ls -A | tr '\\n' ' '")
        #expect(finished.output == (prepare == "" ? "code 71\n" : "code 71\nold\nout "), "\(finished.errors)")
        expectComplaint(finished.errors, of: "mpgtop", mentions: "No space left")
      }
    }

    @Test(
      "A recording for which there is no more room ends there, whole; one that was to be replaced stays as it was"
    )
    func recording() throws {
      let place = try Workplace()
      let load = try place.load()
      let words = "record --force -o out.rec --for 60s \(place.server.pid); echo code $?; ls -A"
      let fresh = try run(
        place, kilobytes: 4000, "\"$0\" \(words); \"$0\" replay out.rec --csv | wc -l")
      let lines = fresh.output.split(separator: "\n")
      #expect(lines.prefix(2) == ["code 71", "out.rec"], "\(fresh.output)\(fresh.errors)")
      #expect(lines.last.flatMap { Int($0) } ?? 0 > 1)
      expectComplaint(fresh.errors, of: "mpgtop", mentions: "No space left")
      #expect(fresh.errors.contains("is kept"))
      let replaced = try run(place, kilobytes: 4000, "echo old >out.rec; \"$0\" \(words); cat out.rec")
      #expect(replaced.output == "code 71\nout.rec\nold\n", "\(replaced.errors)")
      expectComplaint(replaced.errors, of: "mpgtop", mentions: "out.rec is as it was")
      withExtendedLifetime(load) {}
    }

    @Test(
      "Settings and manual page are there as a whole or not at all", arguments: ["gen-config", "gen-man"])
    func printed(_ command: String) throws {
      let place = try Workplace()
      let fill = "dd if=/dev/zero of=filler bs=1k count=2000 2>/dev/null; "
      let printed = try run(
        place, kilobytes: 64, fill + "\"$0\" \(command) >out; echo code $?; stat -c %s out")
      #expect(printed.output == "code 74\n0\n", "\(printed.errors)")
      expectComplaint(printed.errors, of: "mpgtop", mentions: "No space left")
      // There is room for a part of the output only. The file must keep what was in it, and get nothing else.
      let part = try run(
        place, kilobytes: 64,
        "echo old >out; for i in $(seq 4000); do echo 0123456789abcd; done >filler 2>/dev/null; truncate -s 49152 filler\n"
          + "for i in 1 2 3 4 5 6 7 8; do \"$0\" \(command) >>out || break; done; wc -c <out; "
          + "\"$0\" \(command) | wc -c; head -1 out")
      let numbers = part.output.split(separator: "\n").compactMap { Int($0) }
      #expect(numbers.count == 2 && (numbers[0] - 4) % numbers[1] == 0, "\(part.output)\(part.errors)")
      #expect(part.output.hasSuffix("old\n"))
      guard command == "gen-config" else { return }
      let named = try run(place, kilobytes: 64, fill + "\"$0\" gen-config -o out; echo code $?; ls -A")
      #expect(named.output == "code 71\nfiller\n", "\(named.errors)")
    }

    @Test(
      "A folder that may not be written to, or a file, costs one line and exit code 3, and nothing is lost")
    func notPermitted() throws {
      let place = try Workplace()
      let read = "echo old >out; mount -o remount,ro .; "
      let script = "\"$0\" scrub --force \"$REC\" -o out; echo code $?; cat out"
      let finished = try run(place, kilobytes: 64, read + script)
      #expect(finished.output == "code 3\nold\n", "\(finished.errors)")
      expectComplaint(finished.errors, of: "mpgtop", mentions: "cannot write out: ")
      // As root, mpgtop could write anywhere.
      let asNobody = "setpriv --reuid 65534 --regid 65534 --clear-groups"
      for (prepare, said) in [
        ("chmod 755 . ; echo old >out; chmod 666 out", "its folder may not be written to"),
        ("chmod 777 . ; echo old >out; chmod 444 out", "not permitted"),
      ] {
        let copy = "cp \"$0\" mpgtop; cp \"$REC\" in; chmod 644 in; chmod 755 mpgtop; "
        let finished = try run(
          place, kilobytes: 400_000,
          "\(copy)\(prepare)\n\(asNobody) ./mpgtop scrub --force in -o out; echo code $?; cat out; ls -A")
        #expect(finished.output == "code 3\nold\nin\nmpgtop\nout\n", "\(finished.errors)")
        expectComplaint(finished.errors, of: "mpgtop", mentions: said)
      }
    }
  }
}

/// Whether this process may mount a tmpfs for itself.
private let canMount: Bool = {
  let script = "mount -t tmpfs -o size=64k tmpfs /mnt"
  return (try? Program.run(Command("unshare", "-m", "sh", "-c", script)).ending) == .code(0)
}()
