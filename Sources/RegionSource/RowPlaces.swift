// The rows of Ps and Ms and the depth of the GRQ, as words of a pass. These words must be of the same instant as the
// lanes' counters, because the two must agree. See Lanes §3.
import Host
import Region

/// The places of the words of the rows of Ps and Ms, and of the depth of the GRQ, in a region.
struct RowPlaces {
  /// The fields of the scheduler that a pass reads, in the order of its words. A field that an older target lacks is
  /// 0.
  private static let sched: [SchedField] = [.procs, .grqDepth, .grqPushed, .stackless]
  private static let p: [PField] = [
    .status, .m, .g, .entry, .lrqHead, .lrqTail, .runnext, .since, .idleTicks, .spinTicks, .callTicks, .made,
  ]
  private static let m: [MField] = [.state, .tid, .p, .g, .waitsSince]

  static let neededOfSched: [SchedField] = [.procs, .grqDepth]
  static let neededOfP: [PField] = [.status, .m, .g, .entry, .lrqHead, .lrqTail, .runnext]
  static let neededOfM: [MField] = [.state, .tid, .p, .g]

  private let mapping: Mapping
  /// Byte offsets of the words of the scheduler, of P 0 and of M 0; nil: the target lacks the field.
  private let sched, p, m: [Int?]
  private let pStride, mStride: Int
  /// The index of each field among the words of `read`, by the field's raw value.
  private let schedIndex = Self.table(Self.sched)
  private let pIndex = Self.table(Self.p)
  private let mIndex = Self.table(Self.m)
  /// Our case for each raw value. A status or state that only a newer writer knows counts as `running`.
  let statuses: [PStatus?]
  let states: [MState?]

  init(
    _ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>, p: Blocks<PField>,
    m: Blocks<MField>
  ) throws(LayoutProblem) {
    self.mapping = mapping
    self.sched = Self.sched.map { sched.has($0) ? sched.offset($0, of: 0) : nil }
    self.p = Self.p.map { p.has($0) ? p.offset($0, of: 0) : nil }
    self.m = Self.m.map { m.has($0) ? m.offset($0, of: 0) : nil }
    (pStride, mStride) = (p.stride, m.stride)
    statuses = try schema.table(of: PStatus.self)
    states = try schema.table(of: MState.self)
  }

  private static func table<Field: RegionField>(_ fields: [Field]) -> [Int] {
    var table = [Int](repeating: 0, count: Field.stride)
    for (index, field) in fields.enumerated() { table[field.rawValue] = index }
    return table
  }

  /// Appends the words of the scheduler, and of this many Ps and Ms.
  func read(into words: inout [UInt64], ps: Int, ms: Int) {
    append(sched, at: 0, to: &words)
    for id in 0..<ps { append(p, at: id * pStride, to: &words) }
    for id in 0..<ms { append(m, at: id * mStride, to: &words) }
  }

  private func append(_ places: [Int?], at start: Int, to words: inout [UInt64]) {
    for place in places { words.append(place.map { mapping.word(at: $0 + start).acquired } ?? 0) }
  }

  /// How often a row is read again at most, until two readings one after the other are equal.
  private static let tries = 100

  /// Reads each P's row in a pass again until it stays the same. So each row is of one instant even if the
  /// pass is not.
  /// This is needed because a change of status or of a queue takes several stores.
  func steady(_ words: inout [UInt64], from start: Int, ps: Int) {
    for id in 0..<ps {
      var last: [UInt64] = []
      append(p, at: id * pStride, to: &last)
      for _ in 0..<Self.tries {
        var next: [UInt64] = []
        append(p, at: id * pStride, to: &next)
        if next == last { break }
        last = next
      }
      let row = start + sched.count + id * p.count
      words.replaceSubrange(row..<row + p.count, with: last)
    }
  }

  // MARK: where in the words of `read` something is

  func index(_ field: SchedField) -> Int { schedIndex[field.rawValue] }
  func index(_ field: PField, of id: Int) -> Int { sched.count + id * p.count + pIndex[field.rawValue] }
  func index(_ field: MField, of id: Int, ps: Int) -> Int {
    sched.count + ps * p.count + id * m.count + mIndex[field.rawValue]
  }
}
