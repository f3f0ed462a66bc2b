// An observation as bytes: a keyframe, as history has it, and the facts that keyframes leave out because history has other
// means of knowing them, or because only sources that sample tell them.
import History
import Host
import Observed
import Region

extension Observation {
  /// The bytes without the names, which are sent once.
  package var bytes: [UInt8] {
    var keyframe = Keyframe()
    (keyframe.clock, keyframe.snapshot) = (clock, snapshot)
    var out = ByteWriter()
    out.raw(keyframe.bytes)
    out.number((isSettled ? 1 : 0) as UInt64)
    out.number(UInt64(marks.count))
    for mark in marks {
      out.number(UInt64(mark.lane.number))
      out.number(mark.position)
      out.number(mark.begun &- mark.position)
      out.number((mark.isExact ? 1 : 0) as UInt64)
    }
    for p in snapshot.ps {
      out.number(p.lrqMean?.bitPattern)
      out.number(p.calls)
    }
    for m in snapshot.ms {
      out.number(m.locked)
      out.number(m.isLockedBusy.map { $0 ? 1 : 0 })
      out.number(m.callsToC.map { UInt64(clamping: $0) })
    }
    snapshot.sampled?.write(to: &out)
    return out.bytes
  }

  /// At most so many lanes have marks; bytes with more are refused.
  private static let mostMarks = 1 << 17

  /// Reads an observation; nil: the bytes are not those of one.
  package init?(_ bytes: [UInt8], names: StringBook) {
    var body = ByteReader(bytes)
    guard let frame = body.raw(), let keyframe = Keyframe(Array(frame)), let settled = body.number(),
      let count = body.number(upTo: Self.mostMarks)
    else { return nil }
    self.init(
      snapshot: keyframe.snapshot, clock: keyframe.clock, marks: [], names: names, isSettled: settled != 0)
    for _ in 0..<count {
      guard let lane = body.number(upTo: Lane.highest), let position = body.number(),
        let more = body.number(),
        let exact = body.number()
      else { return nil }
      marks.append(
        LaneMark(
          lane: Lane(number: lane), position: position, begun: position &+ more, isExact: exact != 0))
    }
    for index in snapshot.ps.indices {
      guard let mean = body.optional(), let calls = body.optional() else { return nil }
      (snapshot.ps[index].lrqMean, snapshot.ps[index].calls) = (mean.map(Double.init(bitPattern:)), calls)
    }
    for index in snapshot.ms.indices {
      guard let locked = body.optional(), let busy = body.optional(), let calls = body.optional() else {
        return nil
      }
      (snapshot.ms[index].locked, snapshot.ms[index].isLockedBusy) = (locked, busy.map { $0 != 0 })
      snapshot.ms[index].callsToC = calls.map { Int(clamping: $0) }
    }
    if body.isAtEnd { return }
    guard let sampled = Snapshot.Sampled(from: &body) else { return nil }
    snapshot.sampled = sampled
  }
}

extension Snapshot.Sampled {
  fileprivate func write(to out: inout ByteWriter) {
    for count in [looks, systemGs] { out.number(count.map { UInt64(clamping: $0) }) }
    out.number(grqMean?.bitPattern)
    for value in [lookTime, mutexWait, stopsForGC, otherStops, heapLive, heapGoal] { out.number(value) }
    out.text(gcPhase ?? "")
    out.number(runLatency?.count)
    if let latency = runLatency {
      for value in [latency.p50, latency.p90, latency.p99, latency.max] { out.number(value) }
    }
    out.number(runLatencyTotals.map { UInt64($0.counts.count) })
    if let totals = runLatencyTotals {
      for (end, count) in zip(totals.ends, totals.counts) {
        out.number(end)
        out.number(count)
      }
      out.number(totals.beyond)
    }
    out.number(waits.map { UInt64($0.count) })
    for (word, count) in (waits ?? [:]).sorted(by: { $0.key < $1.key }) {
      out.text(word)
      out.number(UInt64(clamping: count))
    }
  }

  /// At most so many words for waits are read; bytes with more are refused.
  private static let mostWaits = 1024
  /// At most so many ranges of a histogram. Go has 160.
  private static let mostRanges = 4096

  fileprivate init?(from body: inout ByteReader) {
    self.init()
    guard let looks = body.optional(), let systemGs = body.optional(), let mean = body.optional(),
      let lookTime = body.optional(), let mutexWait = body.optional(), let stopsForGC = body.optional(),
      let otherStops = body.optional(), let heapLive = body.optional(), let heapGoal = body.optional(),
      let phase = body.text(), let latency = body.optional()
    else { return nil }
    func count(_ value: UInt64?) -> Int? { value.map { Int(min($0, UInt64(plausible))) } }
    (self.looks, self.systemGs) = (count(looks), count(systemGs))
    (grqMean, self.lookTime, self.mutexWait) = (mean.map(Double.init(bitPattern:)), lookTime, mutexWait)
    (self.stopsForGC, self.otherStops) = (stopsForGC, otherStops)
    (self.heapLive, self.heapGoal, gcPhase) = (heapLive, heapGoal, phase.isEmpty ? nil : phase)
    if let latency {
      guard let p50 = body.number(), let p90 = body.number(), let p99 = body.number(), let max = body.number()
      else { return nil }
      runLatency = Snapshot.Latency(count: latency, p50: p50, p90: p90, p99: p99, max: max)
    }
    guard readTotals(from: &body), let kinds = body.optional() else { return nil }
    guard let kinds else { return }
    guard kinds <= UInt64(Self.mostWaits) else { return nil }
    waits = [:]
    for _ in 0..<kinds {
      guard let word = body.text(), let value = body.number(upTo: plausible) else { return nil }
      waits?[word] = value
    }
  }

  /// Returns whether the bytes could be read.
  private mutating func readTotals(from body: inout ByteReader) -> Bool {
    guard let ranges = body.optional() else { return false }
    guard let ranges else { return true }
    guard ranges <= UInt64(Self.mostRanges) else { return false }
    var totals = Snapshot.LatencyTotals(ends: [], counts: [], beyond: 0)
    for _ in 0..<ranges {
      guard let end = body.number(), let count = body.number(), totals.ends.last.map({ $0 < end }) ?? true
      else { return false }
      totals.ends.append(end)
      totals.counts.append(count)
    }
    guard let beyond = body.number() else { return false }
    totals.beyond = beyond
    runLatencyTotals = totals
    return true
  }
}

/// The table of Gs as a source reads it, and when.
package struct TableBytes: Equatable {
  package var rows: [GoroutineRow]
  package var readAt: UInt64

  package init(rows: [GoroutineRow], readAt: UInt64) { (self.rows, self.readAt) = (rows, readAt) }

  package var bytes: [UInt8] {
    var out = ByteWriter()
    out.number(readAt)
    out.raw(GoroutineList(rows: rows).bytes)
    // What recordings do not keep: the target's own words, and whether a state may be older.
    for row in rows { out.number(row.word << 1 | (row.isOlder ? 1 : 0)) }
    return out.bytes
  }

  /// Reads a table of Gs; nil: the bytes are not those of one.
  package init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    guard let readAt = body.number(), let list = body.raw(), let table = GoroutineList(Array(list)) else {
      return nil
    }
    (self.readAt, rows) = (readAt, table.rows)
    for index in rows.indices {
      guard let word = body.number() else { return nil }
      (rows[index].word, rows[index].isOlder) = (word >> 1, word & 1 != 0)
    }
  }
}
