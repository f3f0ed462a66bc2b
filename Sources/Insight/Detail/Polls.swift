// What the last polls of netpoll found: how large the batches were, and who polled.
import Observed
import Region

/// Polls that found something ready.
public struct Polls: Sendable, Equatable {
  /// Who polled: the netpoll thread, an M that searched for work, sysmon.
  public var byThread = 0
  public var bySearching = 0
  public var bySysmon = 0
  /// Polls by the Gs that they readied: 0, 1, 2–3, 4–7, 8–15, … the last is everything above.
  public var batches = [Int](repeating: 0, count: Polls.classes)
  public var readied = 0
  public var largest = 0
  /// The moments of the first and the last of them; nanoseconds.
  public var first: UInt64 = 0
  public var last: UInt64 = 0
  public var count: Int { byThread + bySearching + bySysmon }

  public static let classes = 9
  public init() {}

  /// What a class holds: `0`, `1`, `2-3`, … `128+`.
  public static func label(_ index: Int) -> String {
    switch index {
    case ..<2: "\(index)"
    case classes - 1: "\(1 << (index - 1))+"
    default: "\(1 << (index - 1))-\((1 << index) - 1)"
    }
  }

  package init(_ found: FoundEvents) { self.init(found.records.map(\.record), found.wording.clock) }

  /// - Parameter records: in the order of time.
  package init(_ records: [Record], _ clock: Clock) {
    for record in records where record.kind == .netpoll { add(record) }
    first = records.first.map { clock.nanoseconds(at: $0.time) } ?? 0
    last = records.last.map { clock.nanoseconds(at: $0.time) } ?? 0
  }

  private mutating func add(_ record: Record) {
    switch record.detail {
    case 0: byThread += 1
    case 1: bySearching += 1
    default: bySysmon += 1
    }
    let gs = Int(record.count)
    let place = gs == 0 ? 0 : min(Self.classes - 1, UInt64.bitWidth - UInt64(gs).leadingZeroBitCount)
    batches[place] += 1
    readied += gs
    largest = max(largest, gs)
  }
}
