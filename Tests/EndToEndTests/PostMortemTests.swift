// A server that dies in the middle of a flood, in every possible way, and what mpgtop shows of its last
// moments.
import Foundation
import Inspector
import TestSupport
import Testing

/// A way to die.
enum Death: String, CaseIterable, Sendable {
  case kill, abort, trap, overflow

  /// The signals with which the server may end.
  var signals: Set<Int32> {
    switch self {
    case .kill: [SIGKILL]
    case .abort: [SIGABRT]
    case .trap: [SIGILL, SIGTRAP]
    case .overflow: [SIGSEGV, SIGBUS]
    }
  }

  /// mpgtop's words for the end.
  var word: String { self == .kill ? "killed" : "crashed of signal" }
}

/// The key `past` of a frame, decoded as a foreign program would decode it.
struct PastOfFrame: Decodable {
  struct Past: Decodable {
    struct Lane: Decodable {
      struct Event: Decodable {
        let tNs: UInt64
        let event, text: String
        let position: UInt64
        let g: UInt64?
      }
      let lane: String
      let events: [Event]
    }
    struct G: Decodable {
      let id: UInt64
      let state: String
      let reason, entry: String?
    }
    let origin: String
    let firstNs, lastNs, missing: UInt64
    let lanes: [Lane]
    let allGs: Bool
    let gs: [G]
  }
  let past: Past
  let ended: String?
  let consistent: Bool

  init(json: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Self.self, from: Data(json.utf8))
  }
}

extension EndToEnd {
  @Suite("Post mortem") struct PostMortemTests {
    /// A server that died in this way, with a flood of requests on it.
    private func dead(_ death: Death) throws -> DemoServer {
      let server = try DemoServer("--procs", "2", "--crashable")
      let curls = try ["/spawn?n=[300-20000]", "/?[1-100000]"].map { path in
        try Program(
          Command(
            "curl", "-sS", "--parallel", "--parallel-max", "16", "-o", "/dev/null", server.url(path)))
      }
      // Wait until the rings are well used. The flood goes on.
      let before = try server.frame()
      _ = try server.frame("20,000 switches of a flood") { $0.switches > before.switches + 20_000 }
      if death == .kill {
        server.program.signal(SIGKILL)
      } else {
        _ = try? server.get("/crash?how=\(death)")  // it has no answer
      }
      guard case .signal(let signal) = try server.program.wait() else { throw Broken("it did not die") }
      #expect(death.signals.contains(signal))
      withExtendedLifetime(curls) {}
      return server
    }

    @Test(
      "After each death: how, who ran, who waited on what, and the last events of each P",
      arguments: Death.allCases)
    func lastMoments(_ death: Death) throws {
      let server = try dead(death)
      let shown = try server.mpgtop("--post-mortem", "--json")
      #expect(shown.ending == .code(0), "\(shown.errors)")
      let frame = try Frame(json: shown.output)
      let dead = try PastOfFrame(json: shown.output)
      frame.checkSums()
      #expect(frame.pid == server.pid && dead.ended?.contains(death.word) == true)
      #expect(dead.past.origin == "blackBox" && dead.past.firstNs < dead.past.lastNs)
      // The Gs that ran are those that the Ps name. As many Gs waited as the gauges say.
      #expect(dead.past.allGs)
      let states = Dictionary(grouping: dead.past.gs, by: \.state).mapValues(\.count)
      let parked = frame.gs.live - (frame.gs.byState["running"] ?? 0) - (frame.gs.byState["runnable"] ?? 0)
      // A thread may have died between two stores of a G's last move. That concerns at most one G on each P.
      #expect(abs((states["waiting"] ?? 0) - parked) <= 2, "\(states) \(frame.gs.byState)")
      #expect(abs(dead.past.gs.count - frame.gs.live) <= 2)
      #expect(dead.past.gs.filter { $0.state == "waiting" }.allSatisfy { $0.reason != nil })
      #expect(dead.past.gs.contains { $0.entry?.contains("Server.swift") == true })
      for p in ["P0", "P1"] {
        let lane = try #require(dead.past.lanes.first { $0.lane == p })
        #expect(lane.events.count == 12)
        #expect(zip(lane.events, lane.events.dropFirst()).allSatisfy { $0.position + 1 == $1.position })
        #expect(lane.events.allSatisfy { $0.tNs <= dead.past.lastNs && !$0.text.isEmpty })
      }
    }

    @Test("As text, by its file, and by nothing at all: the same last moments")
    func asText() throws {
      let server = try dead(.kill)
      let text = try server.mpgtop("--post-mortem", "-b")
      #expect(text.ending == .code(0), "\(text.errors)")
      for word in ["killed", "Ran: ", "Waited: ", "Last events of P0", "Last events of P1"] {
        #expect(text.output.contains(word))
      }
      var command = Command(environment: server.environment)
      command.words = [Built.mpgtop, "--post-mortem", "-b", try server.region()]
      // The output does not depend on who looks, or when.
      #expect(try Program.run(command).output == text.output)
      // Without a name, the process that died last. On a shared machine that may be somebody else's.
      command.words = [Built.mpgtop, "--post-mortem", "-b"]
      #expect(try Program.run(command).ending == .code(0))
    }

    @Test(
      "A process that lives, one that never was, and a file that is no region cost one line and their code")
    func mistakes() throws {
      let server = try DemoServer()
      expectComplaint(
        try server.mpgtop("--post-mortem", "-b"), of: "mpgtop", code: 3, mentions: "is alive")
      var command = Command(environment: server.environment)
      command.words = [Built.mpgtop, "--post-mortem", "-b", "2147483647"]
      expectComplaint(try Program.run(command), of: "mpgtop", code: 2, mentions: "2147483647")
      command.words = [Built.mpgtop, "--post-mortem", "-b", "/dev/null"]
      expectComplaint(try Program.run(command), of: "mpgtop", code: 3, mentions: "/dev/null")
    }
  }
}
