// The steps of a handler, one after the other: it ran, was in a system call, parked, waited for a P, or was
// preempted. In between lie things that take no time: the handler created a G, or ended the wait of another
// G.
//
// The time is cut at the events of the root (the G that began the request's span, see SpanWalk.swift), and each
// piece reaches from one event to the next, on one clock. So the pieces add up to the length of the request, to
// the nanosecond, by construction.
import Observed
import Region

/// One thing that a handler did, and how long it took.
struct HandlerPiece: Equatable {
  /// The thing that the handler did.
  enum What: Equatable {
    case ran
    case inCall
    case parked(WaitReason, fd: Int?)
    /// The handler was runnable, but did not run: it yielded (`gaveWay`), or could not run at once after a
    /// wait or a system call.
    case ready(gaveWay: Bool)
    /// The handler was preempted: in the middle of its code, so that it kept its M (`keptThread`), or on its
    /// way out of the runtime.
    case stopped(keptThread: Bool)
    /// The handler created the G with this id. This takes no time.
    case started(UInt64)
    /// The handler ended the wait of the G with this id, which had waited for this reason. This takes no
    /// time.
    case readied(UInt64, WaitReason)
    /// Several things that are not listed one by one: how many they are, and where their time went.
    case others(Int, SpanSums)
  }

  var what: What
  /// The event that begins the piece.
  var begin: PlacedRecord
  /// The event that ends the piece; nil: the piece goes on, or ends with the span.
  var end: PlacedRecord?
  /// The event in which sysmon took the P away during the piece; nil: sysmon did not.
  var retake: PlacedRecord?
  /// When the piece began, in nanoseconds of the machine's monotonic clock.
  var from: UInt64
  /// How long the piece lasted, in nanoseconds.
  var lasted: UInt64 = 0
}

/// Cuts the time of a request into pieces, by what its root (the G that began it) did.
struct HandlerPieces {
  /// Maximum number of events kept of one request.
  static let mostEvents = 100_000
  /// Maximum number of pieces that are listed one by one. If there are more, only the longest pieces are
  /// listed, half as many as this, and what lies between them is summed up.
  static let most = 40

  private let clock: Clock
  private let reasons: [WaitReason?]
  private let root: UInt64
  private(set) var pieces: [HandlerPiece] = []

  /// - Parameters:
  ///   - events: the root's own events, the events in which the root created or readied other Gs, and the
  ///     events in which sysmon took the root's P. They come in order; the first is the `goLabel` that begins
  ///     the span.
  ///   - end: the end of the span, or, if the span goes on, the moment up to which the history is read; in
  ///     nanoseconds.
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

  /// Notes something that takes no time. The piece in which the handler ran ends there, and another one begins.
  private mutating func note(_ what: HandlerPiece.What, _ event: PlacedRecord) {
    let time = close(at: clock.nanoseconds(at: event.record.time), by: event)
    pieces.append(HandlerPiece(what: what, begin: event, end: event, from: time))
    pieces.append(HandlerPiece(what: .ran, begin: event, from: time))
  }

  /// Ends the last piece. Returns its end, which is never before its beginning.
  @discardableResult
  private mutating func close(at time: UInt64, by event: PlacedRecord?) -> UInt64 {
    let last = pieces.count - 1
    let end = max(time, pieces[last].from)
    (pieces[last].end, pieces[last].lasted) = (event, end - pieces[last].from)
    return end
  }

  /// If there are too many pieces, keeps the longest ones and sums up what lies between them.
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
