// Containers: programs in pid and time namespaces of their own that share one folder of regions.
import Foundation
import Inspector
import TestSupport
import Testing

/// Commands that start a program in namespaces of its own. The program ends together with the command.
private enum Namespaces {
  static let pid = ["unshare", "--kill-child", "--pid", "--fork", "--mount-proc"]
  static let time = [
    "unshare", "--kill-child", "--time", "--boottime", "100000", "--monotonic", "50000", "--fork",
  ]

  static func permits(_ words: [String]) -> Bool {
    (try? Program.run(Command(words: words + ["true"])))?.ending == .code(0)
  }
  static let permitPids = permits(pid)
  static let permitTimes = permits(time)
}

extension DemoServer {
  /// The process that `unshare` has started.
  fileprivate var inner: Int32 {
    get throws {
      let children = contents(of: "/proc/\(pid)/task/\(pid)/children")
      return try #require(Int32(children.trimmingCharacters(in: .whitespaces)))
    }
  }

  /// The columns of those lines of `mpgtop -l` that are about regions in the server's own folder. `prefix`
  /// starts the viewer.
  fileprivate func listed(_ prefix: [String] = []) throws -> [[String]] {
    func list(_ folder: String?) throws -> [[String]] {
      var command = Command(environment: ["XDG_RUNTIME_DIR": folder])
      command.words = prefix + [Built.mpgtop, "-l"]
      let lines = try Program.run(command).output.split(separator: "\n").dropFirst()
      return lines.map { $0.split(separator: " ").map(String.init) }.filter { $0.count > 3 }
    }
    // Regions of other folders are in both lists. Remove them one by one: two regions of other namespaces may
    // look alike.
    var ours = try list(folder.path)
    for other in try list(nil) {
      if let place = ours.firstIndex(where: { $0[0...2] == other[0...2] }) { ours.remove(at: place) }
    }
    return ours
  }
}

extension EndToEnd {
  @Suite(
    "Namespaces", .enabled(if: Namespaces.permitPids, "unshare of a pid namespace is not permitted here"))
  struct NamespaceTests {
    @Test(
      "The host sees a container's process by its own number for it, with all that the system tells of its threads"
    )
    func host() throws {
      let server = try DemoServer(prefix: Namespaces.pid)
      let inner = try server.inner

      #expect(try server.listed().map { Array($0[0...2]) } == [["\(inner)", "mpg-demo", "live"]])
      let shown = try Program.run(
        Command(Built.mpgtop, "--json", "-n", "2", "-d", "1.2", "\(inner)", environment: server.environment))
      #expect(shown.ending == .code(0), "\(shown.errors)")
      let last = try #require(shown.output.split(separator: "\n").last)
      let frame = try Frame(json: String(last))
      frame.checkSums()
      #expect(frame.pid == inner)
      // The threads have other ids inside the container. Their waits for CPUs must be found all the same.
      #expect(last.firstMatch(of: #/"cpu":\{[^}]*"threads":([1-9])/#) != nil, "\(last)")

      kill(inner, SIGKILL)
      _ = try server.program.wait()
      #expect(try server.listed().map { $0[2] } == ["killed"])
    }

    @Test("A container sees the host's process as elsewhere, can follow it, and sees when it is gone")
    func neighbour() throws {
      let server = try DemoServer()
      #expect(
        try server.listed(Namespaces.pid).map { Array($0[0...2]) } == [
          ["\(server.pid)", "mpg-demo", "elsewhere"]
        ])

      var command = Command(environment: server.environment)
      command.words = Namespaces.pid + [Built.mpgtop, "--json", "-n", "1", "\(server.pid)"]
      let shown = try Program.run(command)
      #expect(shown.ending == .code(0), "\(shown.errors)")
      try Frame(json: shown.output).checkSums()
      command.words = Namespaces.pid + [Built.mpgtop, "--json", "-d", "0.1", "\(server.pid)"]
      let follower = try Program(command)
      try eventually("frames") { follower.output.split(separator: "\n").count > 3 }
      server.program.signal(SIGKILL)
      #expect(try follower.wait() == .code(5))
      #expect(follower.errors.contains("killed"))
      #expect(try server.listed(Namespaces.pid).map { $0[2] } == ["killed"])
    }

    @Test("Containers that crash again and again beside a live process do not take its region away")
    func crashLoop() throws {
      let server = try DemoServer()
      let region = try server.region()
      for round in 0..<12 {
        let said = "\(server.folder.path)/said\(round)"
        var command = Command(environment: server.environment)
        let script =
          "\(Built.demo) --port \(try LoopbackSocket.freePort()) > \(said) & until grep -q Server \(said); do sleep 0.05; done; kill -9 $!"
        command.words = Namespaces.pid + ["sh", "-c", script]
        _ = try Program.run(command)
        #expect(FileManager.default.fileExists(atPath: region))
      }
      #expect(try server.frame().pid == server.pid)
      // At each start, eight dead regions are kept, here as everywhere. The last one that died is the ninth.
      #expect(try server.listed().map { $0[2] }.sorted() == Array(repeating: "killed", count: 9) + ["live"])
    }

    @Test("A process that /proc hides from its own user lives by its lock, and its end is seen")
    func hidden() throws {
      // With `hidepid`, /proc hides a program that may not be read from all users who may not trace it.
      let script = """
        mount -t tmpfs tmpfs /mnt; mount -t tmpfs -o mode=1777 tmpfs /dev/shm; mkdir -m 777 /mnt/said
        cp \(Built.demo) /mnt/mpg-demo; cp \(Built.mpgtop) /mnt/mpgtop; chmod 711 /mnt/mpg-demo
        mount -t proc -o hidepid=2 proc /proc
        setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '/mnt/mpg-demo --port \(try LoopbackSocket.freePort()) > /mnt/said/x & p=$!
          until grep -q Server /mnt/said/x; do sleep 0.05; done
          test -e /proc/$p && echo shown; /mnt/mpgtop -l; /mnt/mpgtop --json -n 1 $p; kill -9 $p; wait $p; /mnt/mpgtop -l'
        """
      var command = Command(environment: ["XDG_RUNTIME_DIR": nil])
      command.words = ["unshare", "--kill-child", "--pid", "--mount", "--fork", "sh", "-c", script]
      let lines = try Program.run(command).output.split(separator: "\n").map {
        $0.split(separator: " ").map(String.init)
      }
      let states = lines.compactMap { $0.count > 3 && $0[1] == "mpg-demo" ? $0[2] : nil }
      #expect(states == ["elsewhere", "killed"], "\(lines)")
      #expect(lines.contains { $0[0].hasPrefix("{") } && !lines.contains(["shown"]), "\(lines)")
    }

    @Test(
      "Times are right across time namespaces, and so is who lives",
      .enabled(if: Namespaces.permitTimes, "unshare of a time namespace is not permitted here"))
    func times() throws {
      /// A row whose process booted less than a minute ago: `4.21 s`.
      func isYoung(_ row: [String]) -> Bool { ["ms", "s"].contains(row.dropFirst(4).first) }
      let server = try DemoServer(prefix: Namespaces.time)
      let inner = try server.inner
      let row = try #require(try server.listed().first)
      #expect(row[0] == "\(inner)" && row[2] == "live" && isYoung(row), "\(row)")
      // A container must not take a process of the host for one of its own either.
      let host = try DemoServer()
      let seen = try #require(try host.listed(Namespaces.time).first)
      #expect(seen[0] == "\(host.pid)" && seen[2] == "live" && isYoung(seen), "\(seen)")
      let shown = try Program.run(
        Command(Built.mpgtop, "--json", "-n", "1", "\(inner)", environment: server.environment))
      #expect(shown.ending == .code(0), "\(shown.errors)")
      let uptime = try Frame(json: shown.output).uptimeNs
      #expect(uptime > 0 && uptime < 120_000_000_000)
    }
  }
}
