// The results of the last polls of netpoll: how many Gs each of them readied, and which kind of thread
// polled.
import Observed
import Region

/// How many polls found something ready, by the thread that polled and by the number of Gs that they readied.
public struct Polls: Sendable, Equatable {
  /// How many polls the netpoll thread made.
  public var byThread = 0
  /// How many polls were made by Ms that searched for work.
  public var bySearching = 0
  /// How many polls sysmon made.
  public var bySysmon = 0
  /// How many polls readied 0 Gs, 1, 2–3, 4–7, 8–15, … The last class is everything above.
  public var batches = [Int](repeating: 0, count: Polls.classes)
  /// How many Gs all polls together readied.
  public var readied = 0
  /// The largest number of Gs that one poll readied.
  public var largest = 0
  /// The moment of the first poll, in nanoseconds of the machine's monotonic clock; 0 if there is none.
  public var first: UInt64 = 0
  /// The moment of the last poll, in nanoseconds of the machine's monotonic clock; 0 if there is none.
  public var last: UInt64 = 0
  /// How many polls there are.
  public var count: Int { byThread + bySearching + bySysmon }

  /// The number of classes in `batches`.
  public static let classes = 9
  /// Makes the counts of no polls.
  public init() {}

  /// The name of a class of `batches`: `0`, `1`, `2-3`, … `128+`.
  public static func label(_ index: Int) -> String {
    switch index {
    case ..<2: "\(index)"
    case classes - 1: "\(1 << (index - 1))+"
    default: "\(1 << (index - 1))-\((1 << index) - 1)"
    }
  }

  package init(_ found: FoundEvents) { self.init(found.records.map(\.record), found.wording.clock) }

  /// - Parameter records: events in the order of time; those that are no polls are skipped.
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
