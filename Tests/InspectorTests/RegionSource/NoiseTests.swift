import Region
import TestSupport
import Testing

@testable import Host
@testable import Insight
@testable import Inspector
@testable import RegionSource

/// Regions with random damage. Each case must end in a snapshot or in a typed error; a trap ends the test
/// process. The case's number is its seed, so a failing case can be run again.
@Suite("Noise in the region")
struct NoiseTests {
  /// How reading a damaged region ended.
  private enum Outcome: Hashable { case snapshot, refused, damaged }

  private func look(_ region: RegionFixture) -> Outcome {
    let source: RegionReader
    do { source = try region.source() } catch { return .refused }
    return look(source)
  }

  private func look(_ source: RegionReader) -> Outcome {
    do throws(LayoutProblem) {
      let snapshot = try source.snapshot()
      _ = try source.drain { _, records in for record in records { _ = (record.kind, record.count) } }
      _ = try source.life()
      if snapshot.gs.sumOfStates != snapshot.gs.live { Issue.record("the states do not add up") }
      return .snapshot
    } catch {
      return .damaged
    }
  }

  /// Feeds the snapshot to its consumers, which must bear one made of noise too.
  private func show(_ source: RegionReader) throws {
    var builder = FrameBuilder()
    for _ in 0..<2 { builder.observe(try source.snapshot()) }
    let json = builder.frame()?.json ?? ""
    #expect(json.hasPrefix("{") && json.hasSuffix("}"))
  }

  /// Indexes of words that a snapshot reads. The few words that lead to others appear more often.
  private func places(_ region: RegionFixture) -> [Int] {
    func words<Field: RegionField>(_ field: Field, blocks: Range<Int>) -> [Int] {
      blocks.flatMap { block in
        (0..<min(field.spec.count, 16)).map { region.offset(field, block, $0) }
      }
    }
    var places = HeaderField.allCases.dropFirst(5).flatMap { words($0, blocks: 0..<1) }
    places += SchedField.allCases.flatMap { words($0, blocks: 0..<1) }
    places += PField.allCases.flatMap { words($0, blocks: 0..<2) }
    places += MField.allCases.flatMap { words($0, blocks: 0..<3) }
    places += StealField.allCases.flatMap { words($0, blocks: 0..<2) }
    for lane in [0, 1, region.lane(m: 0), region.lane(m: 1)] {
      places += LaneField.allCases.flatMap { words($0, blocks: lane..<lane + 1) }
    }
    return places
  }

  @Test("100,000 regions with noise in their words: a snapshot or an error, never a trap")
  func noiseInWords() throws {
    let region = RegionFixture(.moved())
    let source = try region.source()
    let places = places(region)
    var outcomes: [Outcome: Int] = [:]
    for seed in 0..<100_000 {
      var dice = Dice(UInt64(seed))
      let hits = (0...dice.below(3)).map { _ in places[dice.below(places.count)] }
      let before = hits.map { region.word(at: $0).relaxed }
      for place in hits { region.setWord(at: place, dice.value()) }
      let outcome = look(source)
      outcomes[outcome, default: 0] += 1
      if outcome == .snapshot, seed % 16 == 0 { try show(source) }
      for (place, value) in zip(hits, before).reversed() { region.setWord(at: place, value) }
    }

    #expect(outcomes[.snapshot, default: 0] > 1000 && outcomes[.damaged, default: 0] > 1000)
    #expect(look(source) == .snapshot)
  }

  @Test("5,000 regions with noise in header and schema: read, or refused, never a trap")
  func noiseInSchema() throws {
    let region = RegionFixture(.moved())
    let text = Array(region.plan.text.utf8)
    let junk = Array("0123456789 -\n\u{0}\u{ff}fieldblockring".utf8)
    var outcomes: [Outcome: Int] = [:]
    for seed in 0..<5000 {
      var dice = Dice(UInt64(seed) | 1 << 40)
      var damaged = text
      for _ in 0...dice.below(4) { damaged[dice.below(text.count)] = junk[dice.below(junk.count)] }
      region.writeBytes(damaged, at: region.plan.schema)
      let place = dice.below(HeaderField.pRingRecords.rawValue)
      let before = region.word(at: place * 8).relaxed
      if dice.below(4) == 0 { region.setWord(at: place * 8, dice.value()) }
      outcomes[look(region), default: 0] += 1
      region.setWord(at: place * 8, before)
    }

    #expect(outcomes[.snapshot, default: 0] > 1000 && outcomes[.refused, default: 0] > 1000)
    region.writeBytes(text, at: region.plan.schema)
    #expect(look(region) == .snapshot)
  }
}
