// An event for people: what a record says, in names and nanoseconds.
public import Region

/// One thing that happened.
public struct Event: Sendable, Equatable {
  /// Nanoseconds of the machine's monotonic clock.
  public var time: UInt64
  public var lane: Lane
  /// The M whose thread it was.
  public var m: Int
  /// nil: a kind that this build does not know.
  public var kind: EventKind?
  public var rawKind: UInt8
  /// The G that it is about; nil: none.
  public var g: UInt64?
  public var detail: UInt8
  public var count: UInt32
  public var arg: UInt64
  /// Its place among all records of its lane.
  public var position: UInt64
  /// What it says, in a few words: `G42 parks on netpollRead, fd 7`.
  public var text: String

  init(_ placed: PlacedRecord, _ clock: Clock, names: StringBook, reasons: [WaitReason?]) {
    let record = placed.record
    (lane, position, m) = (placed.lane, placed.position, Int(record.m))
    (kind, rawKind) = (record.kind, UInt8(truncatingIfNeeded: record.what))
    g = record.g == 0 ? nil : record.g
    (detail, count, arg) = (record.detail, record.count, record.arg)
    time = clock.nanoseconds(at: record.time)
    text = ""
    text = words(clock, names, reasons)
  }

  /// The kind's name, or its number.
  public var name: String { kind.map { "\($0)" } ?? "kind \(rawKind)" }

  /// Made once: to print a case takes longer than the rest of the text.
  private static let reasonNames = (0..<256).map { WaitReason(rawValue: UInt8($0)).map { "\($0)" } ?? "" }

  private func words(_ clock: Clock, _ names: StringBook, _ reasons: [WaitReason?]) -> String {
    let who = "G\(g ?? 0)"
    guard let kind else { return "an event of kind \(rawKind)" + (g == nil ? "" : " of \(who)") }
    var reason: String { Self.reasonNames[Int((reasons[Int(detail)] ?? .none).rawValue)] }
    func after() -> String { "after \(clock.nanoseconds(lasting: arg) / 1000) µs" }
    switch kind {
    case .boot: return "boot: \(BootStep(rawValue: detail).map { "\($0)" } ?? "?")"
    case .goCreate:
      let entry = names.string(UInt64(count)) ?? "?"
      return "\(who) is created by G\(other): \(entry)"
    case .goStart: return "\(who) runs, \(after())"
    case .goLabel: return "\(who) " + (arg == 0 ? "is in no span" : "is in span \(arg)") + labelWords(names)
    case .timerLate: return "a timer of \(who) is late by \(clock.nanoseconds(lasting: arg) / 1000) µs"
    case .goPark: return "\(who) parks on \(reason)" + (arg == 0 ? "" : ", fd \(arg &- 1)")
    case .goReady:
      return "\(who) is ready, was on \(reason)" + (other == 0 ? "" : ", by G\(other)") + placeWords
    case .goYield: return "\(who) yields"
    case .goExit: return "\(who) is gone"
    case .goPreempt: return "\(who) is preempted" + (detail == 1 ? " where it was" : "")
    case .goResume: return "\(who) goes on, \(after())"
    case .goSyscall: return "\(who) enters a system call"
    case .goSyscallExit: return "\(who) leaves a system call" + (detail == 0 ? ", queued" : "")
    case .netpollLate: return "nobody had polled for \(clock.nanoseconds(lasting: arg) / 1000) µs"
    default: return schedulerWords(kind)
    }
  }

  /// The G that it names besides; see `Record.other`.
  private var other: UInt64 { arg & Place.gMask }

  private var placeWords: String {
    let place = Place(bits: arg & ~Place.gMask)
    switch place.queue {
    case .runnext: return ", next"
    case .lrq: return ", on the LRQ at depth \(place.depth)"
    case .grq: return ", on the GRQ at depth \(place.depth)"
    case .untold, nil: return ""
    }
  }

  private func labelWords(_ names: StringBook) -> String {
    names.string(UInt64(count)).map { ": \($0)" } ?? ""
  }

  /// What is not about a G.
  private func schedulerWords(_ kind: EventKind) -> String {
    switch kind {
    case .procStart: return "M\(m) takes P\(count)"
    case .procStop: return "M\(m) lets P\(count) go"
    case .steal: return "steals \(count) from P\(arg)" + (detail == 1 ? ", its next" : "")
    case .overflow: return "spills \(count) to the GRQ, \(arg) there"
    case .grqTake: return "takes \(count) from the GRQ, \(arg) left"
    case .mStart: return "M\(m) begins, thread \(arg)"
    case .mPark: return "M\(m) sleeps"
    case .mWake: return "M\(m) wakes M\(count)" + (arg == 1 ? " to search" : "")
    case .mSpin: return "M\(m) searches"
    case .mUnspin: return "M\(m) " + (arg == 1 ? "found work" : "found nothing")
    case .netpoll: return "poll: \(counted(arg, "descriptor")), \(counted(count, "G")) ready"
    case .timers: return count == 1 ? "1 timer fires" : "\(count) timers fire"
    case .gcStart: return "gc begins"
    case .gcEnd: return "gc ends, \(arg) bytes freed"
    case .retake: return "P\(count) is taken from M\(arg)"
    case .preemptRequest: return "M\(arg) on P\(count) is asked to stop"
    default: return "\(kind)"
    }
  }
}
