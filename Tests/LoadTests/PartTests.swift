// The parts of mpg-load, each alone: turns, weights, the command line's values, counts, words.
import Testing

@testable import mpg_load

@Suite("Parts of mpg-load")
struct PartTests {
  @Test("in open loop, turns are due at equal distances, whoever takes them, and whenever")
  func openTurns() {
    let pacer = Pacer(.open(1000), connections: 1)
    pacer.begin(at: 1_000_000_000, for: 5_000_000)
    #expect(pacer.take(at: 900_000_000) == Turn(number: 0, due: 1_000_000_000, isBehind: false))
    #expect(pacer.take(at: 1_003_000_000) == Turn(number: 1, due: 1_001_000_000, isBehind: true))
    #expect(pacer.take(at: 1_003_000_000) == Turn(number: 2, due: 1_002_000_000, isBehind: true))
    #expect(pacer.take(at: 1_003_000_000) == Turn(number: 3, due: 1_003_000_000, isBehind: false))
    #expect(pacer.take(at: 1_005_000_000) == nil)
    #expect(pacer.take(at: 1_004_000_000) == Turn(number: 4, due: 1_004_000_000, isBehind: false))
    #expect(pacer.take(at: 1_004_000_000) == nil)
  }

  @Test("a burst is due at once, and those that must wait for a connection know it")
  func burstTurns() {
    let pacer = Pacer(.burst(3), connections: 2)
    pacer.begin(at: 500, for: nil)
    let turns = (0..<4).map { pacer.take(at: 600 + $0) }
    #expect(turns.map { $0?.due } == [500, 500, 500, nil])
    #expect(turns.map { $0?.isBehind } == [false, false, true, nil])
  }

  @Test("what was due and not sent is told with no wait that is longer than it was")
  func unsentTurns() {
    let pacer = Pacer(.open(1000), connections: 1)
    pacer.begin(at: 0, for: 1_000_000_000)
    let each = pacer.unsent(sent: 990, end: 1_000_000_000)
    #expect(each.map(\.count) == [Int](repeating: 1, count: 10))
    #expect(each.first?.due == 990_000_000 && each.last?.due == 999_000_000)
    let grouped = pacer.unsent(sent: 90, end: 1_000_000_000, groups: 7)
    #expect(grouped.reduce(0) { $0 + $1.count } == 910)
    #expect(grouped.first?.due == 219_000_000 && grouped.last?.due == 999_000_000)
    #expect(pacer.unsent(sent: 1000, end: 1_000_000_000).isEmpty)
    #expect(pacer.unsent(sent: 5, end: 0).isEmpty)
  }

  @Test("stop brings the end nearer, and never puts it off")
  func stop() {
    let pacer = Pacer(.closed, connections: 1)
    pacer.begin(at: 0, for: 1000)
    pacer.stop(at: 2000)
    #expect(pacer.end == 1000)
    pacer.stop(at: 500)
    #expect(pacer.end == 500 && pacer.take(at: 499) != nil && pacer.take(at: 500) == nil)
  }

  @Test("a rota gives each request its share, spread out")
  func rota() {
    let rota = Rota([3, 1])
    #expect((0..<8).map { rota[$0] } == [0, 0, 1, 0, 0, 0, 1, 0])
    #expect(Rota([1])[12345] == 0)
    #expect(Rota.isShort([5000, 5000]) && !Rota.isShort([5000, 5001]))
  }

  @Test("URLs are taken apart as they are meant")
  func targets() throws {
    func parts(_ text: String) throws -> [String] {
      let target = try Target(parsing: text)
      return [target.host, "\(target.port)", target.path, target.authority]
    }
    #expect(try parts("http://a.example/x?y=1") == ["a.example", "80", "/x?y=1", "a.example"])
    #expect(try parts("a:8080") == ["a", "8080", "/", "a:8080"])
    #expect(try parts("http://[::1]:81/") == ["::1", "81", "/", "[::1]:81"])
    #expect(try parts("[::1]") == ["::1", "80", "/", "[::1]"])
    #expect(try parts("a?b=http://c/") == ["a", "80", "/?b=http://c/", "a"])
    #expect(try Target(parsing: "a/").hasPath == false && Target(parsing: "a/b").hasPath)
    for wrong in ["", "http://", ":80", "[]", "[::1]80", "a:", "a:b", "http://a/#b"] {
      #expect(throws: (any Error).self, "\(wrong)") { try Target(parsing: wrong) }
    }
  }

  @Test("lengths of time have units")
  func lengths() throws {
    let lengths = try ["2", "1.5s", "250ms", "3m"].map { try TimeLength(parsing: $0).nanoseconds }
    #expect(lengths == [2_000_000_000, 1_500_000_000, 250_000_000, 180_000_000_000])
    for wrong in ["", "s", "1h", "0", "-1", "inf", "nan", "1e9"] {
      #expect(throws: (any Error).self, "\(wrong)") { try TimeLength(parsing: wrong) }
    }
  }

  @Test("counts add up, and percentiles are of requests that were answered or given up")
  func counts() {
    func outcome(_ due: UInt64, _ begun: UInt64, _ ended: UInt64, _ result: Result<Answer, Trouble>)
      -> Outcome
    {
      Outcome(
        turn: Turn(number: 0, due: due, isBehind: false), begun: begun, ended: ended, result: result,
        received: 10, sent: 5, isInTime: ended < 50_000_000)
    }
    let answer = Answer(status: 503, keepsAlive: true)
    var (counts, other) = (Counts(), Counts())
    counts.add(outcome(0, 3_000_000, 10_000_000, .success(answer)))
    counts.add(outcome(0, 0, 70_000_000, .success(answer)))
    other.add(outcome(0, 0, 1_000, .failure(.refused)))
    other.add(outcome(0, 0, 40_000_000, .failure(.timeout)))
    other.add(outcome(0, 0, 1, .failure(.badResponse("why"))))
    other.add(outcome(0, 0, 1, .failure(.other("why not"))))
    counts.add(other)
    #expect(counts.begun == 6 && counts.answered == 2 && counts.answeredInTime == 1)
    #expect(counts.statuses[5] == 2 && counts.troubles == [1, 0, 0, 1, 1, 1])
    #expect(counts.firstDetail == "why" && counts.received == 60 && counts.sent == 30)
    #expect(counts.lateByItself == 1 && counts.mostLateByItself == 3_000_000)
    #expect(counts.latencyCount == 3 && counts.atLeast == 1)
    #expect(counts.longestLatency == 70_000_000 && counts.latency(percentile: 100) == 70_000_000)
    let median = counts.latency(percentile: 50) ?? 0
    #expect(median >= 40_000_000 && median < 40_040_000)
    #expect(Counts().latency(percentile: 50) == nil)
  }

  @Test("numbers in words are never more than they are")
  func words() {
    #expect(
      [0, 999, 1000, 1_234_567, -5000].map { grouped($0) } == ["0", "999", "1,000", "1,234,567", "-5,000"])
    #expect(decimal(1999.99, 1) == "1,999.9" && decimal(0.29, 2) == "0.29" && decimal(2, 1) == "2.0")
    #expect(
      [999, 213_999, 12_439_999, 1_204_900_000].map { time($0) } == ["0 µs", "213 µs", "12.43 ms", "1.204 s"])
    #expect([0, 999, 1000, 1_590_000].map { bytes($0) } == ["0 B", "999 B", "1.0 kB", "1.5 MB"])
  }
}
