// Loads that mpgtop's keys start on the demo: they are children of mpgtop, they load, and they end with it.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Load by keys", .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
  struct LoadKeysTests {
    private func open(_ server: DemoServer, _ words: [String], path: String? = nil) throws -> Screen {
      var environment = server.environment.merging(["SWIFT_BACKTRACE": "interactive=no"]) { $1 }
      if let path { environment["PATH"] = path }
      return try Screen(columns: 100, rows: 24, words, environment: environment)
    }

    private func waitForFooter(_ screen: Screen, _ text: String) throws {
      try screen.wait(for: "'\(text)' in the footer") { $0.last { !$0.isEmpty }?.contains(text) == true }
    }

    /// The processes whose parent is `parent`, without zombies.
    private func children(of parent: Int32) -> [Int32] {
      let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      return all.compactMap { Int32($0) }.filter { pid in
        let words = contents(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        return words.count > 1 && words[1] == "\(parent)" && words[0] != "Z"
      }
    }

    private func isAlive(_ pid: Int32) -> Bool {
      let words = contents(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
      return words.first.map { $0 != "Z" } ?? false
    }

    @Test("A flood and hogs load the demo; calm ends them, and quitting leaves none")
    func loads() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server, [Built.mpgtop, "\(server.pid)"])
      try waitForFooter(screen, "L flood")
      let before = try server.statistics()["requests"] ?? 0

      try screen.press("L")
      try waitForFooter(screen, "L ●flood")
      try eventually("the flood comes") { (try? server.statistics()["requests"] ?? 0) ?? 0 > before + 500 }
      let viewer = try screen.pid()
      #expect(children(of: viewer).count == 1)
      try screen.press("H")
      try waitForFooter(screen, "H ●hog")
      try eventually("two loads") { children(of: viewer).count == 2 }

      try screen.press("Q")
      try waitForFooter(screen, "L flood  U burst  H hog")
      try eventually("no load") { children(of: viewer).isEmpty }

      try screen.press("K")
      try waitForFooter(screen, "K ●block")
      let child = try #require(children(of: viewer).first)
      try screen.press("q")
      #expect(try screen.aftermath().code == 0)
      #expect(!isAlive(child))
    }

    @Test("When mpgtop is killed, its loads end too")
    func killed() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server, [Built.mpgtop, "\(server.pid)"])
      try waitForFooter(screen, "L flood")
      try screen.press("L")
      try waitForFooter(screen, "L ●flood")
      let viewer = try screen.pid()
      let child = try #require(children(of: viewer).first)
      kill(viewer, SIGKILL)
      try eventually("the load has ended") { !isAlive(child) }
    }

    @Test("A burst ends by itself, and its mark with it")
    func burst() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server, [Built.mpgtop, "\(server.pid)"])
      try waitForFooter(screen, "U burst")
      try screen.press("U")
      try eventually("the burst has come", within: 120) {
        (try? server.statistics()["requests"] ?? 0) ?? 0 >= 600
      }
      try waitForFooter(screen, "U burst")
    }

    @Test("Another target than the demo has no such keys in its footer, and says so when they are used")
    func others() throws {
      let server = try DemoServer("--procs", "2")
      let load = try Program(
        Command(
          words: [Built.load, "--idle", "3", "127.0.0.1:\(server.port)"], environment: server.environment))
      let screen = try open(server, [Built.mpgtop, "\(load.pid)"])
      try screen.wait(for: "pid \(load.pid)")
      #expect(try !screen.lines.joined().contains("L flood"))
      try screen.press("L")
      try screen.wait(for: "only a live mpg-demo on this machine is loaded from here")
      load.signal(SIGINT)
    }

    @Test("Without mpg-load beside mpgtop and on the PATH, a line says so")
    func missing() throws {
      let server = try DemoServer("--procs", "2")
      let folder = try TemporaryFolder()
      try FileManager.default.copyItem(atPath: Built.mpgtop, toPath: "\(folder.path)/mpgtop")
      let screen = try open(server, ["\(folder.path)/mpgtop", "\(server.pid)"])
      try waitForFooter(screen, "L flood")
      try screen.press("L")
      try screen.wait(for: "mpg-load is missing: it is neither beside mpgtop nor on the PATH")
    }
  }
}
