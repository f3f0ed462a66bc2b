// What a handler did, one thing after the other: it ran, was in a call, parked, waited for a P, was stopped; and in between,
// what took no time: Gs that it started, and others' waits that it ended.
//
// The pieces are cut at the events of the root itself, each from one of them to the next, on one clock. So their times add
// up to the request's, to the nanosecond: that is how they are made, not something that is checked.
import Observed
import Region

/// One thing that a handler did.
struct HandlerPiece: Equatable {
  package enum What: Equatable {
    case ran
    case inCall
    case parked(WaitReason, fd: Int?)
    /// Ready, and not running: it gave way; or it could not run at once after a wait or a call.
    case ready(gaveWay: Bool)
    /// Made to stop: in the middle of its code, so that it kept its thread, or at its way out of the runtime.
    case stopped(keptThread: Bool)
    /// These take no time.
    case started(UInt64)
    case readied(UInt64, WaitReason)
    /// Things that are not told one by one, in the order of their shares.
    case others(Int, SpanSums)
  }

  package var what: What
  /// The event with which it begins, and the one that ends it; nil: it goes on, or ends with the span.
  package var begin: PlacedRecord
  package var end: PlacedRecord?
  /// Sysmon's taking the P meanwhile.
  package var retake: PlacedRecord?
  /// Nanoseconds.
  package var from: UInt64
  package var lasted: UInt64 = 0
}

/// Cuts the time of a request into what its root did.
struct HandlerPieces {
  /// Events of one request that are kept, and pieces that are told one by one, at most.
  static let mostEvents = 100_000
  package static let most = 40

  private let clock: Clock
  private let reasons: [WaitReason?]
  private let root: UInt64
  package private(set) var pieces: [HandlerPiece] = []

  /// - Parameters:
  ///   - events: those of the root, those in which it started or readied others, and what sysmon took from it; in order,
  ///     from the label that begins the span to the one that ends it, or as far as is known.
  ///   - until: nanoseconds; where it ends, or up to when it is looked at.
  init(_ events: [PlacedRecord], root: UInt64, until end: UInt64, _ clock: Clock, reasons: [WaitReason?]) {
    (self.clock, self.reasons, self.root) = (clock, reasons, root)
    guard let first = events.first else { return }
    pieces = [HandlerPiece(what: .ran, begin: first, from: clock.nanoseconds(at: first.record.time))]
    for event in events.dropFirst() { take(event) }
    close(at: end, by: nil)
    pieces = merged(pieces.filter { $0.lasted > 0 || $0.what.isMoment })
  }

  private mutating func take(_ event: PlacedRecord) {
    let record = event.record
    switch record.kind {
    case .retake: pieces[pieces.count - 1].retake = event
    case .goCreate where record.g != root: note(.started(record.g), event)
    case .goReady where record.g != root:
      note(.readied(record.g, reasons[Int(record.detail)] ?? .none), event)
    default:
      guard record.g == root, let what = what(event) else { return }
      pieces.append(
        HandlerPiece(what: what, begin: event, from: close(at: clock.nanoseconds(at: record.time), by: event))
      )
    }
  }

  private func what(_ event: PlacedRecord) -> HandlerPiece.What? {
    let record = event.record
    return switch record.kind {
    case .goStart, .goResume: .ran
    case .goPark:
      .parked(
        reasons[Int(record.detail)] ?? .none, fd: record.arg == 0 ? nil : Int(clamping: record.arg - 1))
    case .goReady: .ready(gaveWay: false)
    case .goYield: .ready(gaveWay: true)
    case .goPreempt: .stopped(keptThread: record.detail == 1)
    case .goSyscall: .inCall
    case .goSyscallExit: record.detail == 0 ? .ready(gaveWay: false) : .ran
    default: nil
    }
  }

  /// Something that takes no time, in the middle of a run, which goes on.
  private mutating func note(_ what: HandlerPiece.What, _ event: PlacedRecord) {
    let time = close(at: clock.nanoseconds(at: event.record.time), by: event)
    pieces.append(HandlerPiece(what: what, begin: event, end: event, from: time))
    pieces.append(HandlerPiece(what: .ran, begin: event, from: time))
  }

  /// Ends the last piece, and says when that was: never before it began.
  @discardableResult
  private mutating func close(at time: UInt64, by event: PlacedRecord?) -> UInt64 {
    let last = pieces.count - 1
    let end = max(time, pieces[last].from)
    (pieces[last].end, pieces[last].lasted) = (event, end - pieces[last].from)
    return end
  }

  /// The longest by themselves, and what lies between them together.
  private func merged(_ all: [HandlerPiece]) -> [HandlerPiece] {
    guard all.count > Self.most else { return all }
    let ranked = all.indices.sorted { (all[$1].lasted, $0) < (all[$0].lasted, $1) }
    let kept = Set(ranked.prefix(Self.most / 2))
    var (result, group) = ([HandlerPiece](), [HandlerPiece]())
    func closeGroup() {
      guard let first = group.first else { return }
      if group.count == 1 {
        result.append(first)
      } else {
        var sums = SpanSums()
        for piece in group { piece.add(to: &sums) }
        var piece = HandlerPiece(what: .others(group.count, sums), begin: first.begin, from: first.from)
        piece.lasted = sums.total
        piece.end = group.last?.end
        result.append(piece)
      }
      group = []
    }
    for index in all.indices {
      if kept.contains(index) {
        closeGroup()
        result.append(all[index])
      } else {
        group.append(all[index])
      }
    }
    closeGroup()
    return result
  }
}

extension HandlerPiece.What {
  var isMoment: Bool {
    switch self {
    case .started, .readied: true
    default: false
    }
  }
}

extension HandlerPiece {
  fileprivate func add(to sums: inout SpanSums) {
    switch what {
    case .ran: sums.add(lasted, .running, .none)
    case .inCall: sums.add(lasted, .syscall, .none)
    case .parked(let reason, _): sums.add(lasted, .waiting, reason)
    case .ready, .stopped(keptThread: false): sums.add(lasted, .runnable, .none)
    case .stopped: sums.add(lasted, .preempted, .none)
    case .started, .readied, .others: break
    }
  }
}
