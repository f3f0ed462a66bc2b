// What `mpgtop --json` prints (docs/json.md), decoded as a foreign program would decode it; and a stream of
// frames.
import Foundation
import TestSupport
import Testing

/// One frame.
struct Frame: Decodable, Sendable {
  struct P: Decodable, Sendable {
    let id, lrq, lrqMax, ticks, stealsIn, stealsOut, stolenGs: Int
    let status: String
    let m, g: Int?
    let runnext: Bool
    let use: Use

    /// How the P spent the time since the frame before; null in the first frame.
    struct Use: Decodable, Sendable {
      let windowNs, runningNs, callsNs, searchingNs, idleNs: Int?
      var parts: Int { (runningNs ?? 0) + (callsNs ?? 0) + (searchingNs ?? 0) + (idleNs ?? 0) }
    }
  }
  struct M: Decodable, Sendable {
    let id, tid: Int
    let state: String
    let p, g: Int?
  }
  struct Gs: Decodable, Sendable {
    let live, created, exited: Int
    let byState: [String: Int]
    let stackless: Int?
    let inHands: Int?
  }
  struct Netpoll: Decodable, Sendable {
    let parked, fds: Int
  }
  struct Trace: Decodable, Sendable {
    let events, lost, bytes: Int
  }

  let schema: String
  let pid: Int32
  let tNs: UInt64
  let uptimeNs: UInt64
  let procs: Int
  let consistent: Bool
  let switches, grq: Int
  let queueAgeNs: Int?
  let ps: [P]
  let ms: [M]
  let gs: Gs
  let netpoll: Netpoll
  let trace: Trace
  let ended, doubt: String?

  init(json: some StringProtocol) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Frame.self, from: Data(json.utf8))
  }

  var stealsIn: Int { ps.map(\.stealsIn).reduce(0, +) }
  var stealsOut: Int { ps.map(\.stealsOut).reduce(0, +) }
  var stolenGs: Int { ps.map(\.stolenGs).reduce(0, +) }

  /// Checks what must hold in every frame, and what must also hold in a frame that calls itself consistent.
  ///
  /// - Parameter isPast: the frame is of any moment. A G may then be in hands, which a live frame waits out
  ///   (docs/json.md, `gs.in_hands`).
  func checkSums(isPast: Bool = false, _ location: SourceLocation = #_sourceLocation) {
    #expect(gs.created - gs.exited == gs.live, sourceLocation: location)
    #expect(gs.byState.values.reduce(0, +) == gs.live, sourceLocation: location)
    #expect(stealsIn == stealsOut, sourceLocation: location)
    #expect(netpoll.parked == gs.byState["netpoll"], sourceLocation: location)
    #expect(ps.count == procs, sourceLocation: location)
    #expect(ps.allSatisfy { (0...256).contains($0.lrq) && $0.lrqMax <= 256 }, sourceLocation: location)
    for p in ps {
      #expect(p.use.parts == p.use.windowNs ?? 0, sourceLocation: location)
      if p.status == "idle", let window = p.use.windowNs, p.use.idleNs == window {
        #expect(p.use.runningNs == 0, sourceLocation: location)
      }
    }
    guard consistent else { return }
    #expect(gs.byState.values.allSatisfy { $0 >= 0 }, sourceLocation: location)
    #expect(contradictions(isPast: isPast) == [], sourceLocation: location)
  }

  /// The sums that must hold in a consistent frame and do not.
  func contradictions(isPast: Bool = false) -> [String] {
    func state(_ name: String) -> Int { gs.byState[name] ?? 0 }
    let queued = ps.reduce(grq) { $0 + $1.lrq + ($1.runnext ? 1 : 0) }
    let running = ps.filter { $0.g != nil }
    let carriers = ms.filter { $0.p != nil && $0.g != nil }
    let holders = Dictionary(ms.compactMap { m in m.p.map { ($0, m) } }) { first, _ in first }
    let held = ps.filter { ["running", "spinning"].contains($0.status) }
    let inHands = isPast ? max(0, gs.inHands ?? 0) : gs.stackless ?? 0
    let ready = state("runnable") + state("preempted")
    // If the queues are older than the frame's moment, the frame says by how much, and their sum need not
    // match.
    let accounted = isPast && queueAgeNs != nil ? ready : queued + inHands
    let sums = [
      ("runnable + preempted", ready, "queued", accounted),
      ("running", state("running"), "Ps that run one", running.count),
      ("running", state("running"), "Ms that run one", carriers.count),
      ("syscall", state("syscall"), "Ms in one", ms.count { $0.state == "syscall" }),
      ("Ms with a P", ms.count { $0.p != nil }, "Ps that an M runs", held.count),
      (
        "Ms that search", ms.count { $0.p != nil && $0.state == "spinning" }, "Ps",
        ps.count { $0.status == "spinning" }
      ),
    ]
    let pairs = held.filter { holders[$0.id]?.id != $0.m || holders[$0.id]?.g != $0.g }
    let idle = ps.filter { $0.status == "idle" && ($0.m != nil || $0.g != nil) }
    return sums.filter { $0.1 != $0.3 }.map { "\($0.1) \($0.0), \($0.3) \($0.2)" }
      + pairs.map { "P\($0.id) and its M say different things" } + idle.map { "idle P\($0.id) is held" }
  }
}

/// An `mpgtop --json` that prints a hundred frames a second. The process ends together with this object.
final class Viewer: Sendable {
  let program: Program

  init(of server: DemoServer) throws {
    let words = [Built.mpgtop, "--json", "-d", "0.01", "\(server.pid)"]
    var command = Command(environment: server.environment)
    command.words = words
    program = try Program(command)
  }

  /// All frames so far, oldest first.
  func frames() throws -> [Frame] {
    let output = program.output
    let whole =
      output.hasSuffix("\n") ? output : String(output[..<(output.lastIndex(of: "\n") ?? output.startIndex)])
    return try whole.split(separator: "\n").map { try Frame(json: $0) }
  }

  /// Waits until there are `count` frames.
  func wait(for count: Int, within seconds: Double = patience) throws {
    try eventually("\(count) frames; mpgtop said: \(program.errors)", within: seconds) {
      program.output.utf8.count { $0 == UInt8(ascii: "\n") } >= count
    }
  }
}
