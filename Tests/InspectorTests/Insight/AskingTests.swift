// What keeps answers fast: sieves that drop unwanted records and nothing else; windows that are unpacked only
// once; a copy of the history for another thread; and work that can be called off.
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Asking")
struct AskingTests {
  private static let sieves: [(name: String, sieve: RecordSieve)] = [
    ("labels", RecordSieve(.goLabel)), ("creations", RecordSieve(.goCreate, .goExit)),
    ("one G", RecordSieve(of: 3)), ("one G's starts", RecordSieve(of: 5, [.goStart])),
    ("one G, and polls", RecordSieve(of: 2, others: [.netpoll, .netpollLate])),
    ("no P0", RecordSieve(butOf: [.p(0)])),
  ]

  @Test("a sieve leaves of each segment exactly the events that it lets through", arguments: 0..<12)
  func sievesLeaveWhatIsWanted(_ seed: UInt64) throws {
    let fake = try FakeHistory(seed: seed, ring: seed % 3 == 0 ? 256 : 1 << 14)
    let decoder = RecordDecoder()
    for number in fake.history.numbers {
      let whole = try #require(Window(number, of: fake.history, decoder))
      for (name, sieve) in Self.sieves {
        let some = try #require(Window(number, of: fake.history, decoder, only: sieve))
        let wanted = whole.events.filter {
          name == "no P0" ? $0.lane != .p(0) : sieve.passes($0.record)
        }
        #expect(some.events == wanted, "segment \(number), \(name)")
        #expect(some.gaps == whole.gaps && some.isWhole == whole.isWhole, "segment \(number), \(name)")
        #expect(some.prefix == wanted.count { $0.record.time <= whole.start })
      }
    }
  }

  @Test("a block without any kind that is wanted is not decoded")
  func blocksAreLeftOut() throws {
    let fake = try FakeHistory(seed: 3)
    let number = try #require(fake.history.numbers.first)
    let window = Window(number, of: fake.history, RecordDecoder(), only: RecordSieve(.procsChange))
    #expect(window?.looked == 0 && window?.events.isEmpty == true)
  }

  @Test("records of all lanes come into one order, whatever the lengths of the runs", arguments: 0..<20)
  func runsAreMerged(_ seed: UInt64) {
    var dice = Dice(seed)
    let runs = (0..<dice.below(9)).map { lane -> [PlacedRecord] in
      var time: UInt64 = 0
      return (0..<dice.below([3, 40, 400][dice.below(3)])).map { position in
        time += UInt64(dice.below(4))
        let record = Record(.goYield, time: time, m: 0, g: UInt64(lane))
        return PlacedRecord(record: record, lane: .p(lane), position: UInt64(position))
      }
    }
    let merged = Window.merge(runs)
    #expect(merged.count == runs.reduce(0) { $0 + $1.count })
    #expect(zip(merged, merged.dropFirst()).allSatisfy { $0.record.time <= $1.record.time })
    for (lane, run) in runs.enumerated() { #expect(merged.filter { $0.lane == .p(lane) } == run) }
    // A run that is out of order is sorted all the same.
    let late = PlacedRecord(record: Record(.goYield, time: 0, m: 0), lane: .m(1), position: 9)
    let mixed = Window.merge(runs + [[late, merged.last ?? late, late]])
    #expect(zip(mixed, mixed.dropFirst()).allSatisfy { $0.record.time <= $1.record.time })
  }

  @Test("a copy of the history stays what it was while the history goes on, and answers the same")
  func copiesStay() throws {
    let script = try Script()
    script.p(0, 1, .goCreate, 4, arg: 1 | Place.next(0))
    script.p(0, 2, .goStart, 4, arg: 1_000_000)
    script.p(0, 3, .goPark, 4, 3)
    let player = try script.player()
    let copy = script.history.copy()
    let before = (copy.records, copy.numbers, copy.bytes)
    let told = player.explanation(of: .g(4))
    script.p(0, 8, .goReady, 4, 3, arg: Place.next(0))
    script.p(0, 9, .goStart, 4, arg: 1_000_000)
    _ = try script.player()

    #expect(copy.records == before.0 && copy.numbers == before.1 && copy.bytes == before.2)
    #expect(script.history.records > copy.records)
    var there = try #require(Player(copy))
    there.seek(to: player.time)
    #expect(there.explanation(of: .g(4)) == told)
    // A player continues with a newer copy, at the moment where it was.
    let time = there.time
    there.turn(to: script.history.copy())
    #expect(there.time == time)
    there.seekToEnd()
    #expect(there.time > time)
  }

  @Test("an effort tells how far an answer has come, and what is called off is over at once")
  func effortsAreCalledOff() throws {
    let fake = try FakeHistory(seed: 7, segments: 8, moves: 2000)
    let player = try #require(Player(fake.history))
    var frames = PastFrames()
    var interest = Interest()
    interest.why = .g(3)
    let effort = Effort()
    _ = frames.frame(of: player, .live, interest: interest, effort: effort)
    #expect(effort.events > 1000 && !effort.isCancelled)

    let other = Effort()
    other.cancel()
    var again = PastFrames()
    _ = again.frame(of: player, .live, interest: interest, effort: other)
    #expect(other.events == 0)
  }

  @Test("the first words of an answer are there without any event, for everything that can be asked about")
  func glances() throws {
    let script = try Script()
    script.p(0, 1, .goStart, 4, arg: 1000)
    let player = try script.player(goroutines: true)
    var frame = player.frame(.live)
    frame.past = nil
    let subjects: [Subject] = [
      .scheduler, .p(0), .m(0), .thief(1), .descriptor(7, g: 4), .latency(.slice),
      .slice(.p(0), from: frame.snapshot.time - 2000, to: frame.snapshot.time - 1000),
    ]
    for subject in subjects {
      let words = Explanation.glance(at: subject, in: frame)
      #expect(words.subject == subject && words.lines.count == 1, "\(subject): \(words)")
    }
    #expect(Explanation.glance(at: .p(99), in: frame).lines.isEmpty)
    #expect(
      Explanation.glance(at: .scheduler, in: frame).lines[0]
        == player.explanation(of: .scheduler).lines[0])
  }
}
