import Region
import TestSupport
import Testing

@testable import History
@testable import Inspector

@Suite("Compressed records")
struct RecordCodecTests {
  /// Encodes records block by block and decodes them again.
  private func through(_ records: [Record]) -> [Record] {
    let (encoder, decoder) = (RecordEncoder(), RecordDecoder())
    var out: [Record] = []
    for start in stride(from: 0, to: records.count, by: RecordEncoder.most) {
      let range = start..<min(records.count, start + RecordEncoder.most)
      let bytes = encoder.encode(records, range)
      #expect(decoder.decode(bytes, count: range.count, from: records[start].time, into: &out))
    }
    return out
  }

  @Test("records come out as they went in, whatever they say", arguments: 0..<200)
  func identityOfNoise(seed: Int) {
    var dice = Dice(UInt64(seed))
    let pool = (0..<4).map { _ in dice.value() }
    let records = (0..<dice.below(3000) + 1).map { _ in
      func part() -> UInt64 { dice.below(3) == 0 ? pool[dice.below(4)] : dice.value() }
      return Record(time: part(), what: part(), g: part(), arg: part())
    }
    #expect(through(records) == records)
  }

  @Test(
    "records of a scheduler come out as they went in, at less than a fifth of their size", arguments: 0..<20)
  func identityOfScheduling(seed: Int) {
    let records = Scenario(seed: UInt64(seed), gs: 300).run(20_000)
    #expect(through(records) == records)
    let bytes = RecordEncoder().encode(records, 8192..<16_384).count
    #expect(bytes < 8192 * Record.bytes / 5, "\(Double(bytes) / 8192) bytes a record")
  }

  @Test("every kind that there is, and those that are to come, survive with every detail")
  func allKinds() {
    let records = (UInt64(0)..<65_536).map { (what: UInt64) -> Record in
      let m: UInt64 = (what % 7) << 16
      return Record(time: what, what: what | m, g: what / 9, arg: 0)
    }
    #expect(through(records) == records)
  }

  @Test(
    "a damaged block gives true records up to the damage, or others, but never a trap", arguments: 0..<300)
  func damage(seed: Int) {
    var dice = Dice(UInt64(seed))
    let records = Scenario(seed: UInt64(seed), gs: 20).run(500)
    var bytes = RecordEncoder().encode(records, 0..<500)
    for _ in 0..<1 + dice.below(4) { bytes[dice.below(bytes.count)] = UInt8(truncatingIfNeeded: dice.next()) }
    if dice.below(2) == 0 { bytes.removeLast(dice.below(bytes.count)) }
    var out: [Record] = []
    let isWhole = RecordDecoder().decode(bytes, count: 500, from: records[0].time, into: &out)
    #expect(out.count <= 500 && (out.count == 500 || !isWhole))
  }

  @Test("bytes that no encoder wrote are refused, and take no memory", arguments: 0..<300)
  func noise(seed: Int) {
    var dice = Dice(UInt64(seed))
    let bytes = dice.bytes(dice.below(2000))
    let count = seed % 2 == 0 ? Int(truncatingIfNeeded: dice.value()) : dice.below(1000)
    var out: [Record] = []
    _ = RecordDecoder().decode(bytes, count: count, from: dice.value(), into: &out)
    #expect(out.count <= bytes.count / 2)
  }
}

/// A fake scheduler with one lane. Its Gs are created, run, park at a place of their own, and are readied.
struct Scenario {
  private var dice: Dice
  private var time: UInt64 = 1 << 50
  private var sequences: [UInt64: UInt32] = [:]
  private var since: [UInt64: UInt64] = [:]
  private var queue: [UInt64] = []
  private var parked: [UInt64] = []
  private let gs: Int
  private var next: UInt64 = 1

  init(seed: UInt64, gs: Int) { (dice, self.gs) = (Dice(seed), gs) }

  /// The next `count` records.
  mutating func events(_ count: Int) -> [Record] {
    var records: [Record] = []
    func emit(_ kind: EventKind, _ g: UInt64, detail: UInt8 = 0, count: UInt32? = nil, arg: UInt64 = 0) {
      time += UInt64(200 + dice.below(6000))
      sequences[g, default: UInt32(truncatingIfNeeded: g)] += 1
      let waited = time - since[g, default: time]
      since[g] = time
      records.append(
        Record(
          kind, time: time, m: 3, g: g, detail: detail, count: count ?? sequences[g]!,
          arg: kind == .goStart ? waited : arg))
    }
    while records.count < count {
      if Int(next) < gs, queue.isEmpty || dice.below(3) == 0 {
        emit(.goCreate, next, count: 77, arg: 1)
        queue.append(next)
        next += 1
      }
      for _ in 0..<min(parked.count, dice.below(4)) {
        let g = parked.remove(at: dice.below(parked.count))
        emit(.goReady, g, detail: WaitReason.netpollRead.rawValue)
        queue.append(g)
      }
      guard !queue.isEmpty else { continue }
      let g = queue.removeFirst()
      emit(.goStart, g)
      emit(.goPark, g, detail: WaitReason.netpollRead.rawValue, arg: g + 5)
      parked.append(g)
    }
    return Array(records.prefix(count))
  }

  func run(_ count: Int) -> [Record] {
    var copy = self
    return copy.events(count)
  }
}
