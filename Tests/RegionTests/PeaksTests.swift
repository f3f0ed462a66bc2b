// Peaks: a reader sees a spike between two frames, does not see an old one, and never reads a word that mixes
// two values.
import Testing

@testable import Region

@Suite("Peaks")
struct PeaksTests {
  private static let bucket: UInt64 = 1 << Peaks.bucketBits
  private let arena = Arena(words: Capacity.peaks)

  private func note(_ depth: UInt64, at time: UInt64) { Peaks.note(depth, at: time) { arena.word($0) } }
  private func largest(from start: UInt64, to end: UInt64) -> UInt64 {
    Peaks.largest(from: start, to: end, in: (0..<Capacity.peaks).map { arena.raw($0) })
  }

  @Test("the largest depth of a bucket stays, whatever comes after")
  func largestOfABucketStays() {
    note(3, at: 100)
    note(17, at: 200)
    note(5, at: 300)

    #expect(largest(from: 0, to: 400) == 17)
  }

  @Test("a frame sees the peaks of its own buckets and of no others")
  func framesSeeTheirOwn() {
    note(10, at: 4 * Self.bucket)
    note(20, at: 5 * Self.bucket)
    note(30, at: 6 * Self.bucket)

    #expect(largest(from: 5 * Self.bucket, to: 6 * Self.bucket - 1) == 20)
    #expect(largest(from: 4 * Self.bucket, to: 6 * Self.bucket) == 30)
    #expect(largest(from: 7 * Self.bucket, to: 9 * Self.bucket) == 0)
  }

  @Test("a new round takes over the word, even with a smaller depth")
  func newRoundsTakeOver() {
    note(200, at: 9 * Self.bucket)
    note(2, at: (9 + UInt64(Capacity.peaks)) * Self.bucket)

    #expect(largest(from: 0, to: 80 * Self.bucket) == 2)
  }

  @Test("a spike is seen for at least 63 buckets after it")
  func spikesAreKept() {
    note(99, at: 1000 * Self.bucket)
    for later in 1001..<1064 as Range<UInt64> { note(1, at: later * Self.bucket) }

    #expect(largest(from: 1000 * Self.bucket, to: 1063 * Self.bucket) == 99)
    note(1, at: 1064 * Self.bucket)
    #expect(largest(from: 1000 * Self.bucket, to: 1064 * Self.bucket) == 1)
  }

  @Test("bucket number and depth lie in the halves that the specification names")
  func wordsArePacked() {
    note(0xabc, at: 70 * Self.bucket + 5)

    #expect(arena.raw(70 % Capacity.peaks) == 70 << 32 | 0xabc)
  }

  @Test("noise is a number, never a trap")
  func noiseIsHarmless() {
    #expect(Peaks.largest(from: .max, to: 0, in: [.max, 0, 1]) == 0)
    #expect(Peaks.largest(from: 0, to: .max, in: [.max]) <= 0xffff_ffff)
    #expect(Peaks.largest(from: 0, to: .max, in: []) == 0)
  }
}
