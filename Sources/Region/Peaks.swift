// Peaks: the largest value in each recent slice of time, so that a spike between two frames is not missed.
//
// Time is cut into buckets of 2^27 ticks (about 50 ms at 2.6 GHz, 134 ms when ticks are nanoseconds). Word
// `bucket % 64` holds the bucket's number in its high half, and the largest depth seen in that bucket in its low half.
// There is one writer. A reader takes the largest depth over all words whose bucket lies in the time it asks about.

public enum Peaks {
  public static let bucketBits: UInt64 = 27

  /// Notes that the depth was `depth` at `time`, in ticks. One thread writes at a time.
  @inlinable @inline(__always)
  public static func note(_ depth: UInt64, at time: UInt64, in word: (Int) -> Word) {
    let bucket = (time >> bucketBits) & 0xffff_ffff
    let cell = word(Int(bucket & UInt64(Capacity.peaks - 1)))
    let old = cell.relaxed
    if old >> 32 == bucket && old & 0xffff_ffff >= depth { return }
    cell.set(bucket << 32 | depth)
  }

  /// The largest depth noted from `start` to `end`, in ticks. Only whole buckets are known, so a depth from up to one bucket
  /// before `start` may be among them.
  public static func largest(from start: UInt64, to end: UInt64, in words: [UInt64]) -> UInt64 {
    let first = (start >> bucketBits) & 0xffff_ffff
    let last = (end >> bucketBits) & 0xffff_ffff
    return words.reduce(0) { largest, word in
      let bucket = word >> 32
      return bucket >= first && bucket <= last ? max(largest, word & 0xffff_ffff) : largest
    }
  }
}
