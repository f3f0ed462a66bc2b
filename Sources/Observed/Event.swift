// An event for people: what a record says, in names and nanoseconds.
//
// A list holds a thousand events, and a screen shows fifty of them. So an event is no more than its record, and its
// words are made when they are asked for.
import Region

/// One record, with its place in history: its lane, and its position among all records of that lane.
package struct PlacedRecord: Equatable, Sendable {
  package var record: Record
  package var lane: Lane
  package var position: UInt64

  package init(record: Record, lane: Lane, position: UInt64) {
    (self.record, self.lane, self.position) = (record, lane, position)
  }
}

/// The data that put records into words: the clock, the names by id, and our name for each raw wait reason.
package final class Wording: Sendable, Equatable {
  package let clock: Clock
  package let names: StringBook
  package let reasons: [WaitReason?]

  package init(_ clock: Clock, names: StringBook, reasons: [WaitReason?]) {
    (self.clock, self.names, self.reasons) = (clock, names, reasons)
  }

  package static func == (a: Wording, b: Wording) -> Bool {
    a === b || (a.clock == b.clock && a.names == b.names && a.reasons == b.reasons)
  }
}

/// One thing that happened. A value; it may be used from any thread.
public struct Event: Sendable, Equatable {
  package let placed: PlacedRecord
  private let wording: Wording
  private var record: Record { placed.record }
  private var clock: Clock { wording.clock }
  private var names: StringBook { wording.names }

  package init(_ placed: PlacedRecord, _ wording: Wording) { (self.placed, self.wording) = (placed, wording) }

  package init(_ placed: PlacedRecord, _ clock: Clock, names: StringBook, reasons: [WaitReason?]) {
    self.init(placed, Wording(clock, names: names, reasons: reasons))
  }

  /// When the event happened, in nanoseconds of the machine's monotonic clock.
  public var time: UInt64 { clock.nanoseconds(at: record.time) }
  /// The lane in whose ring the event was recorded.
  public var lane: Lane { placed.lane }
  /// The M whose thread wrote the event.
  public var m: Int { Int(record.m) }
  /// The kind of the event; nil: a kind that this build does not know.
  public var kind: EventKind? { record.kind }
  /// The number of the kind in the record; see `EventKind`.
  public var rawKind: UInt8 { UInt8(truncatingIfNeeded: record.what) }
  /// The G that the event is about; nil: the event is about none.
  public var g: UInt64? { record.g == 0 ? nil : record.g }
  /// The record's detail. `EventKind` says for each kind what it means.
  public var detail: UInt8 { record.detail }
  /// The record's count. `EventKind` says for each kind what it means.
  public var count: UInt32 { record.count }
  /// The record's argument. `EventKind` says for each kind what it means.
  public var arg: UInt64 { record.arg }
  /// The event's position among all records of its lane; the first record has position 0.
  public var position: UInt64 { placed.position }

  /// The kind's name, or `kind` and its number if this build does not know it.
  public var name: String { Self.kindNames[Int(rawKind)] }

  /// In `goPark`, the reason for which the G waits; in `goReady`, the reason for which it waited; nil:
  /// another kind, or a reason that this build does not know.
  public var reason: WaitReason? {
    kind == .goPark || kind == .goReady ? wording.reasons[Int(detail)] : nil
  }

  /// The queue on which the event put its G or Gs; `.untold`: the event does not say, or it put none.
  package var place: Place { Place(bits: arg & ~Place.gMask) }
  /// In `goStart` and `goResume`, the queue from which the G was taken; nil: one that this build does not know.
  package var runSource: RunSource? { record.runSource }

  /// The name of `reason`; empty for a reason that this build does not know, and nil for other kinds.
  package var reasonName: String? {
    guard kind == .goPark || kind == .goReady else { return nil }
    return wording.reasons[Int(detail)].map { Self.reasonNames[Int($0.rawValue)] } ?? ""
  }

  /// The other G that the event names; see `Record.other`.
  package var other: UInt64 { arg & Place.gMask }

  /// In `goCreate`, where the G was spawned: `function at File.swift:31`; nil: not known.
  package var entry: String? { names.string(UInt64(count)) }

  /// In `goLabel`, `log` and `cpuSample`, the text that the event names; nil: none, or not known.
  private var label: String? { names.string(UInt64(count)) }

  /// What stands for a logged line for which there was no room.
  package static let lostLine = "a line that is not kept"

  /// The names of kinds and reasons. They are made once, because printing an enum's case takes longer than making the
  /// rest of an event's text.
  private static let kindNames = (0..<256).map { raw in
    EventKind(rawValue: UInt8(raw)).map { "\($0)" } ?? "kind \(raw)"
  }
  private static let reasonNames = (0..<256).map { WaitReason(rawValue: UInt8($0)).map { "\($0)" } ?? "" }

  /// The event in a few words: `G42 parks on netpollRead, fd 7`.
  public var text: String {
    let who = "G\(g ?? 0)"
    guard let kind else { return "an event of kind \(rawKind)" + (g == nil ? "" : " of \(who)") }
    func after() -> String { "after \(TimeText.short(clock.nanoseconds(lasting: arg)))" }
    switch kind {
    case .boot: return "boot: \(BootStep(rawValue: detail).map { "\($0)" } ?? "?")"
    case .goCreate:
      return "\(who) is created by G\(other): \(entry ?? "?")"
    case .goStart: return "\(who) runs, \(after())"
    case .goLabel where detail == 4: return "span \(arg) of \(who) is over"
    case .goLabel: return "\(who) " + (arg == 0 ? "is in no span" : "is in span \(arg)") + labelWords
    case .log:
      return "\(who) logs" + (arg == 0 ? "" : " in span \(arg)") + ": \(label ?? Self.lostLine)"
    case .cpuSample: return (g == nil ? "M\(m)" : who) + " is sampled" + (label.map { " in \($0)" } ?? "")
    case .timerLate: return "a timer of \(who) is late by \(TimeText.short(clock.nanoseconds(lasting: arg)))"
    case .goPark: return "\(who) parks on \(reasonText)" + (arg == 0 ? "" : ", fd \(arg &- 1)")
    case .goReady:
      return "\(who) is ready, was on \(reasonText)" + (other == 0 ? "" : ", by G\(other)") + placeWords
    case .goYield: return "\(who) yields" + placeWords
    case .goExit: return "\(who) is gone"
    case .goPreempt: return "\(who) is preempted" + (detail == 1 ? " where it was" : "") + placeWords
    case .goResume: return "\(who) goes on, \(after())"
    case .goSyscall: return "\(who) enters a system call"
    case .goSyscallExit: return "\(who) leaves a system call" + (detail == 0 ? ", queued" + placeWords : "")
    case .netpollLate: return "nobody had polled for \(TimeText.short(clock.nanoseconds(lasting: arg)))"
    default: return schedulerWords(kind)
    }
  }

  private var reasonText: String { Self.reasonNames[Int((wording.reasons[Int(detail)] ?? .none).rawValue)] }

  private var placeWords: String {
    switch place.queue {
    case .runnext: return ", next"
    case .displacing: return ", next, before the one that was"
    case .lrq: return ", on the LRQ at depth \(place.depth)"
    case .grq: return ", on the GRQ at depth \(place.depth)"
    case .untold, nil: return ""
    }
  }

  private var labelWords: String {
    label.map { ": \($0)" } ?? ""
  }

  /// The words for events that are not about one G.
  private func schedulerWords(_ kind: EventKind) -> String {
    switch kind {
    case .procStart: return "M\(m) takes P\(count)"
    case .procStop: return "M\(m) lets P\(count) go"
    case .steal: return "steals \(count) from P\(arg)" + (detail == 1 ? ", its next" : "")
    case .overflow: return "spills \(count) to the GRQ, \(Quantity.grouped(arg)) there"
    case .grqTake: return "takes \(count) from the GRQ, \(Quantity.grouped(arg)) left"
    case .nextStolen: return "what was next has been stolen: none goes to the LRQ"
    case .goSetAside: return "G\(g ?? 0) is set aside: no stack"
    case .takeUp: return "\(counted(count, "G")) without a stack, set aside before" + placeWords
    case .mStart: return "M\(m) begins, thread \(arg)"
    case .mPark: return "M\(m) sleeps"
    case .mEnd: return "M\(m) ends"
    case .mWake: return "M\(m) wakes M\(count)" + (arg == 1 ? " to search" : "")
    case .mSpin: return "M\(m) searches"
    case .mUnspin: return "M\(m) " + (arg == 1 ? "found work" : "found nothing")
    case .netpoll: return "poll: \(counted(arg, "descriptor")), \(counted(count, "G")) ready"
    case .netpollStandby: return detail == 1 ? "M\(m) stands by" : "M\(m) waits in the kernel"
    case .timers: return counted(count, "timer") + (count == 1 ? " fires" : " fire")
    case .gcStart: return "gc begins"
    case .gcEnd: return "gc ends, \(counted(arg, "byte")) freed"
    case .retake: return "P\(count) is taken from M\(arg)"
    case .preemptRequest: return "M\(arg) on P\(count) is asked to stop"
    case .boot, .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit, .goPreempt, .goResume,
      .goSyscall, .goSyscallExit, .procsChange, .procRetire, .shortage, .lend, .goLabel, .netpollLate,
      .timerLate, .log, .cpuSample:
      return "\(kind)"
    }
  }
}
