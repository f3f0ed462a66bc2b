// A source over a fake scheduler that remembers what it told, and an input that brings bytes as a test wants them.
import Region
import TestSupport

@testable import History
@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource
@testable import Wire

/// Tells what a fake scheduler's region says, and keeps it.
final class TapeSource: SchedulerSource {
  let scheduler: FakeScheduler
  private let reader: RegionReader
  let identity = Snapshot.Target(pid: 7, name: "tape", bootTime: 5)
  var knowledge = Knowledge()
  let reasons = WaitReason.all
  var threads: ThreadPlaces?
  var sockets: SocketFacts?
  /// What the table says in place of the fake scheduler.
  var rows: [GoroutineRow]?
  let doubt: InspectorError? = nil
  var end: TargetEnding?
  var stacks: Stacks?
  /// What was told so far.
  private(set) var observations: [Observation] = []
  private(set) var events: [Lane: [(position: UInt64, record: Record)]] = [:]
  private(set) var tables: [[GoroutineRow]] = []

  init(seed: UInt64, ring: Int = 1 << 14) throws {
    scheduler = FakeScheduler(seed: seed, ringRecords: ring)
    scheduler.makesSyscalls = false
    reader = try scheduler.region.source()
  }

  func observe(peaksSince start: UInt64?, into observation: inout Observation) throws(InspectorError) {
    observation = try layoutErrors("tape") { () throws(LayoutProblem) in try reader.observe(peaksSince: nil) }
    observations.append(observation)
  }

  func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double {
    try layoutErrors("tape") { () throws(LayoutProblem) in
      try reader.drainInPlace(upTo: nil) { lane, read in
        var records: [Record] = []
        let first = read(&records)
        let batch = records
        for (offset, record) in batch.enumerated() {
          events[lane, default: []].append((first + UInt64(offset), record))
        }
        take(lane) { out in
          out += batch
          return first
        }
      }
    }
  }

  func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    scheduler.listGs()
    var rows = self.rows ?? []
    if self.rows == nil {
      rows = try layoutErrors("tape") { () throws(LayoutProblem) in try reader.goroutines(limit: 1000) }
    }
    tables.append(rows)
    return rows
  }

  func stacks(of gs: StackQuestion) throws(InspectorError) -> Stacks? { stacks }
  func ending() throws(InspectorError) -> TargetEnding? { end }
  func lastWord() throws(InspectorError) -> TargetEnding? { end }
}

/// Brings bytes as a test wants them.
final class MemoryInput: StreamInput {
  var bytes: ArraySlice<UInt8>
  /// At most so many bytes come at a time.
  var most = Int.max
  /// Whether the stream ends behind the bytes.
  var isClosed = false
  /// What the next connections bring.
  var next: [[UInt8]] = []
  private(set) var sent: [String] = []
  let ending: String? = nil
  var reconnects = false

  init(_ bytes: [UInt8] = []) { self.bytes = bytes[...] }

  func read(most: Int) -> [UInt8]? {
    if bytes.isEmpty { return isClosed ? nil : [] }
    let piece = bytes.prefix(min(most, self.most))
    bytes = bytes.dropFirst(piece.count)
    return Array(piece)
  }

  func wait(milliseconds: Int32) {}
  func send(_ line: String) -> Bool {
    sent.append(line)
    return true
  }
  func reconnect() -> Bool {
    guard !next.isEmpty else { return false }
    (bytes, isClosed) = (next.removeFirst()[...], false)
    return true
  }
  func successor(named name: String) -> (any StreamInput)? { nil }
}

extension Sender {
  /// A sender that sends each time it is asked to.
  convenience init(eager source: any SchedulerSource, _ change: (inout SenderOptions) -> Void = { _ in }) {
    var options = SenderOptions()
    (options.packetInterval, options.observationInterval, options.version) = (0, 0, "1.2.3")
    change(&options)
    self.init(source, options)
  }

  /// The next packet.
  func next() throws -> [UInt8] {
    while true { if let packet = try step(isReady: true).packet { return packet } }
  }
}

/// The packets of a fake scheduler that runs, one element each.
func packets(
  _ source: TapeSource, count: Int, moves: Int = 300, _ change: (inout SenderOptions) -> Void = { _ in }
) throws -> [[UInt8]] {
  let sender = Sender(eager: source, change)
  return try (0..<count).map { number in
    if number > 0 { source.scheduler.run(moves) }
    source.scheduler.finish()
    return try sender.next()
  }
}
