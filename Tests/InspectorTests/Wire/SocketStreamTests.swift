// Sockets of another machine: their addresses on the screen, and findings about those in which bytes lie.
import Foundation
import Region
import TestSupport
import Testing

@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import Wire

@Suite("Sockets behind a stream")
struct SocketStreamTests {
  /// A source whose Gs wait for these descriptors.
  private func tape(_ seed: UInt64, waitingFor fds: [Int32]) throws -> TapeSource {
    let source = try TapeSource(seed: seed)
    source.rows = fds.enumerated().map { index, fd in
      GoroutineRow(
        id: UInt64(index + 1), state: .waiting, reason: .netpollRead, since: 1, waitingOn: UInt64(fd) + 1)
    }
    return source
  }

  @Test("what is known of a socket survives, and what is not known stays unknown")
  func everyFact() {
    var socket = Socket()
    (socket.local, socket.peer, socket.unread, socket.unacknowledged) = ("[::1]:1", "[::1]:2", 3, 4)
    (socket.isListening, socket.other) = (true, "pipe")
    // A fact that is added to the type without being sent makes this fail.
    for fact in Mirror(reflecting: socket).children {
      let value = Mirror(reflecting: fact.value)
      #expect(value.displayStyle != .optional || !value.children.isEmpty, "\(fact.label ?? "") is not set")
    }
    for isWhole in [true, false] {
      let facts = SocketFacts(
        readAt: 77,
        found: [3: .init(socket: socket, inode: 42), 900: .init(socket: Socket(), inode: nil)],
        hasAllFilled: isWhole)
      #expect(SocketFacts(facts.bytes) == facts)
      for length in 0..<facts.bytes.count { _ = SocketFacts(Array(facts.bytes.prefix(length))) }
    }
    #expect(SocketFacts([1, 1, 5]) == nil)
  }

  @Test("the addresses and queues of the sockets that Gs wait for are there, on the screen too")
  func addresses() throws {
    let listener = try LoopbackSocket(listening: 0)
    let client = try LoopbackSocket(connectedTo: listener.port)
    let server = accept(listener.fd, nil, nil)
    defer { close(server) }
    try client.send("hello")
    let source = try tape(31, waitingFor: [listener.fd, client.fd, server])
    source.threads = ThreadPlaces(pid: getpid(), isForeign: false)
    let sender = Sender(eager: source)
    let input = MemoryInput(try sender.next())
    let remote = try StreamSource(input)
    #expect(remote.sockets == nil)
    input.bytes += try sender.next()
    var sampler = Sampler(from: remote, history: HistoryLimits(bytes: 1 << 20))
    var interest = Interest()
    interest.sockets = [Int(server), Int(client.fd), Int(listener.fd), 100_000]
    let shown = try #require(try sampler.frame(interest).detail.sockets)
    #expect(shown.keys.sorted() == [listener.fd, client.fd, server].map(Int.init).sorted())
    let ours = "127.0.0.1:\(listener.port)"
    #expect(shown[Int(listener.fd)]?.isListening == true && shown[Int(listener.fd)]?.local == ours)
    #expect(shown[Int(server)]?.local == ours && shown[Int(server)]?.unread == 5)
    #expect(shown[Int(client.fd)]?.peer == ours && shown[Int(client.fd)]?.unread == 0)
    #expect(shown[Int(server)]?.peer == shown[Int(client.fd)]?.local)
    // The list was read a moment ago, so it is not sent again with the next table.
    let first = remote.sockets?.readAt
    input.bytes += try sender.next()
    _ = try remote.observe()
    #expect(first != nil && remote.sockets?.readAt == first)
  }

  @Test("a socket whose bytes nobody takes is found by who watches from elsewhere")
  func stuck() throws {
    let source = try tape(32, waitingFor: [9])
    source.knowledge = Knowledge(gauges: .sampled, absenceOfEvents: "no events")
    var socket = Socket()
    (socket.local, socket.peer, socket.unread, socket.unacknowledged) = (
      "127.0.0.1:80", "127.0.0.1:9", 500, 0
    )
    source.sockets = SocketFacts(
      readAt: 1, found: [9: .init(socket: socket, inode: 7)], hasAllFilled: true)
    let sender = Sender(eager: source)
    let input = MemoryInput(try sender.next())
    let remote = try StreamSource(input)
    var probe = SightingProbe()
    func look() throws {
      input.bytes += try sender.next()
      let observation = try remote.observe()
      _ = try remote.takeEvents(upTo: nil) { _, _ in }
      probe.look(GoroutineList(rows: try remote.goroutines()), observation, remote)
    }
    try look()
    #expect(probe.sightings.stuckSockets.map(\.looks) == [1])
    // A list that was read for an earlier look tells nothing new; a newer one does. Looks are a second apart.
    usleep(1_010_000)
    try look()
    #expect(probe.sightings.stuckSockets.map(\.looks) == [1])
    source.sockets?.readAt = 2
    usleep(1_010_000)
    try look()
    let found = try #require(probe.sightings.stuckSockets.first)
    #expect(found.looks == 2 && found.fd == 9 && found.g == 1 && found.bytes == 500 && found.kind == .unheard)
  }
}
