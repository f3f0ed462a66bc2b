// What is the same at several looks, and what is dropped at the first look at which it was not.
import Region
import Testing

@testable import Host
@testable import Insight
@testable import Observed

@Suite("Sightings")
struct SightingTests {
  private let second: UInt64 = 1_000_000_000

  private func thread(_ g: UInt64, isBusy: Bool) -> Snapshot.M {
    var m = Snapshot.M()
    (m.id, m.tid, m.locked, m.isLockedBusy) = (3, 300, g, isBusy)
    return m
  }

  @Test("a thread is busy since the first of the looks at which its G never waited")
  func threads() {
    var taker = SightingTaker()
    for look in UInt64(0)..<5 {
      taker.take([thread(9, isBusy: look != 1)], at: look * second) { tid in
        tid == 300 ? (look * second / 2, look * second / 4) : nil
      }
    }
    #expect(
      taker.sightings.busyThreads == [
        Sightings.BusyThread(
          m: 3, g: 9, since: 2 * second, until: 4 * second, looks: 3, ran: second, waited: second / 2)
      ])
    taker.take([thread(10, isBusy: true)], at: 5 * second) { _ in (0, 0) }
    #expect(taker.sightings.busyThreads.first?.looks == 1)
    taker.take([thread(10, isBusy: true)], at: 6 * second) { _ in nil }
    #expect(taker.sightings.busyThreads.isEmpty)
  }

  private func waiters(_ count: Int, place: String) -> [SightingTaker.LockWaiter] {
    (0..<count).map { index in
      var row = GoroutineRow(id: UInt64(index + 1), state: .waiting, reason: .mutex)
      row.since = UInt64(10 - index)
      return SightingTaker.LockWaiter(row: row, place: place, words: "sync.Mutex.Lock")
    }
  }

  @Test("a convoy keeps the fewest of a crowd, and a few that wait are none")
  func convoys() {
    var taker = SightingTaker()
    taker.take(waiters(9, place: "a") + waiters(2, place: "b"), least: 4, at: 20)
    taker.take(waiters(4, place: "a"), least: 4, at: 30)
    taker.take(waiters(8, place: "a") + waiters(1, place: "b"), least: 4, at: 40)
    let convoys = taker.sightings.convoys
    #expect(convoys.map(\.place) == ["a"] && convoys.map(\.waiters) == [8])
    #expect(convoys[0].fewest == 4 && convoys[0].since == 20 && convoys[0].looks == 3)
    #expect(convoys[0].oldest == 8 && convoys[0].oldestSince == 3)
  }

  @Test("a convoy that grows from one waiter begins where there are enough")
  func growingConvoy() {
    var taker = SightingTaker()
    for (time, count) in [(1, 1), (2, 7), (3, 8), (4, 10), (5, 9)] as [(UInt64, Int)] {
      taker.take(waiters(count, place: "a"), least: 8, at: time)
    }
    let convoy = taker.sightings.convoys.first
    #expect(convoy?.since == 3 && convoy?.looks == 3 && convoy?.fewest == 8)
  }

  @Test("a convoy goes on over looks that see none wait, as long as a third of the looks see a crowd")
  func interruptedConvoy() {
    var taker = SightingTaker()
    for (time, count) in [(1, 9), (2, 0), (3, 8), (4, 2), (5, 0), (6, 0)] as [(UInt64, Int)] {
      taker.take(waiters(count, place: "a"), least: 8, at: time)
    }
    let convoy = taker.sightings.convoys.first
    #expect(convoy?.since == 1 && convoy?.until == 3 && convoy?.looks == 6 && convoy?.crowded == 2)
    #expect(convoy?.waiters == 8 && convoy?.fewest == 8)
    taker.take([], least: 8, at: 7)
    #expect(taker.sightings.convoys.isEmpty)
  }

  private func socket(unread: Int, unsent: Int = 0, inode: UInt64 = 77) -> SightingTaker.Queue {
    var socket = Socket()
    (socket.unread, socket.unacknowledged) = (unread, unsent)
    return SightingTaker.Queue(inode: inode, socket: socket)
  }

  private func reader(_ g: UInt64, isWriting: Bool = false) -> [Int: [SightingTaker.PollWaiter]] {
    [5: [SightingTaker.PollWaiter(g: g, since: 1, isWriting: isWriting)]]
  }

  @Test("bytes that nobody reads are stuck since they never became fewer, and their last reader is known")
  func unread() throws {
    var taker = SightingTaker()
    func look(
      _ bytes: Int, _ waiters: [Int: [SightingTaker.PollWaiter]] = [:], inode: UInt64 = 77, since: UInt64 = 1,
      isCrowded: Bool = false, at time: UInt64
    ) {
      let queues = bytes == 0 ? [:] : [5: socket(unread: bytes, inode: inode)]
      taker.take(queues, waiters: waiters, inodes: [5: 77], isCrowded: isCrowded, at: time) {
        $0 == 9 ? (since, "sync.Mutex.Lock") : nil
      }
    }
    look(0, reader(9), at: 1)
    look(100, at: 2)
    look(200, at: 3)
    look(200, at: 4)
    let stuck = try #require(taker.sightings.stuckSockets.first)
    #expect(stuck.kind == .unread && stuck.g == 9 && stuck.words == "sync.Mutex.Lock")
    #expect(stuck.since == 2 && stuck.looks == 3 && stuck.bytes == 200)
    look(50, at: 5)
    #expect(taker.sightings.stuckSockets.first?.since == 5)
    // As many bytes, but its reader has run meanwhile.
    look(50, since: 6, at: 7)
    #expect(taker.sightings.stuckSockets.first?.since == 7)
    // The same number, but another socket, which nobody was seen to read: only the same bytes speak.
    look(60, inode: 78, at: 8)
    look(60, inode: 78, at: 9)
    #expect(taker.sightings.stuckSockets.first?.since == 8 && taker.sightings.stuckSockets.first?.g == nil)
    look(61, inode: 78, at: 10)
    #expect(taker.sightings.stuckSockets.first?.since == 10)
    look(61, inode: 78, isCrowded: true, at: 11)
    #expect(taker.sightings.stuckSockets.isEmpty)
    look(0, at: 12)
    #expect(taker.sightings.stuckSockets.isEmpty)
  }

  @Test(
    "a G that waits beside bytes was not told; one that waits to write meets another end that does not read")
  func waiting() throws {
    var taker = SightingTaker()
    func look(_ queue: SightingTaker.Queue, _ waiters: [Int: [SightingTaker.PollWaiter]], at time: UInt64) {
      taker.take([5: queue], waiters: waiters, inodes: [:], isCrowded: false, at: time) { _ in (1, "") }
    }
    for time in UInt64(1)...3 { look(socket(unread: 10), reader(9), at: time) }
    #expect(
      taker.sightings.stuckSockets.first?.kind == .unheard && taker.sightings.stuckSockets.first?.looks == 3)
    look(socket(unread: 10), reader(8), at: 4)
    #expect(taker.sightings.stuckSockets.first?.looks == 1)
    look(socket(unread: 0, unsent: 900), reader(9, isWriting: true), at: 5)
    #expect(taker.sightings.stuckSockets.first?.kind == .untaken)
    // Bytes on their way to the other end, and nobody who waits for that.
    look(socket(unread: 0, unsent: 900), [:], at: 6)
    #expect(taker.sightings.stuckSockets.isEmpty)
  }
}
