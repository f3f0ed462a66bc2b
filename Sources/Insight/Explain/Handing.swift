// Finds out why a thread let go of a P, and how a thread came by one. Only the events around that moment
// decide; nothing is assumed because it is usual.
//
// A P changes hands for several reasons, and each leaves an event just before: a search found nothing; a G was
// preempted, or sleeps in the kernel, and keeps its thread; or the thread took a preempted G, which keeps
// another thread, and hands its P to that thread. A wake-up led to a run if it is the last event about the
// woken thread before that thread took the P. If the thread ran or parked in between, it was woken for
// something else.
import Observed
import Region

/// Finds out why Ps changed hands.
struct Handing {
  let events: [PlacedRecord]

  /// Maximum number of events that are read, in either direction.
  private static let reach = 20_000

  /// The reason why a thread let go of a P.
  enum LetGo: Equatable {
    /// The G with this id was preempted and keeps the thread.
    case stopped(UInt64)
    /// The G with this id sleeps in the kernel and keeps the thread.
    case sleeps(UInt64)
    /// The P was handed to another M, because that M keeps the G that was to run next.
    case handed(to: Int, g: UInt64)
    /// There are fewer Ps now, so this P was stopped.
    case retired
    /// There was nothing to run. The thread searched in vain, or did not even search.
    case foundNothing
    /// The last G on the P stopped by an event of this kind; the second value is the G's id. No search is
    /// recorded after that event.
    case after(EventKind, UInt64)
    /// The events do not say why the thread let go.
    case untold
  }

  /// The reason why a thread let go of its P in the `procStop` at an index.
  func letGo(_ index: Int) -> LetGo {
    let stop = events[index]
    let m = stop.record.m
    for event in before(index, on: stop.lane) {
      guard event.record.m == m else { break }
      switch event.record.kind {
      case .goPreempt where event.record.detail == 1: return .stopped(event.record.g)
      case .goSyscall: return .sleeps(event.record.g)
      case .mSpin: return isRetired(index) ? .retired : .foundNothing
      case .goPark, .goYield, .goExit, .goPreempt:
        guard let kind = event.record.kind else { return .untold }
        return heir(index) ?? (isRetired(index) ? .retired : .after(kind, event.record.g))
      case .procStart, .grqTake, .steal, .mUnspin:
        return heir(index)
          ?? (isRetired(index) ? .retired : event.record.kind == .procStart ? .foundNothing : .untold)
      case .goStart, .goResume, .goSyscallExit: return .untold  // the G runs still, so an event is missing
      default: continue
      }
    }
    return heir(index) ?? (isRetired(index) ? .retired : .untold)
  }

  /// The M to which the P was handed, because that M keeps the G that was to run next; nil: the P was handed to
  /// none. Such an M takes the P next, was not woken by a third M, and runs that G first.
  private func heir(_ index: Int) -> LetGo? {
    let stop = events[index]
    var taker: Int?
    var left = Self.reach
    for place in (index + 1)..<max(index + 1, events.count) {
      left -= 1
      guard left > 0 else { return nil }
      let event = events[place]
      guard event.lane == stop.lane else { continue }
      guard let m = taker else {
        guard event.record.kind == .procStart, event.record.m != stop.record.m,
          waker(ofStart: place) == nil || waker(ofStart: place)?.record.m == stop.record.m
        else { return nil }
        taker = Int(event.record.m)
        continue
      }
      guard Int(event.record.m) == m else { return nil }
      switch event.record.kind {
      case .goResume, .goStart: return .handed(to: m, g: event.record.g)
      default: return nil
      }
    }
    return nil
  }

  private func isRetired(_ index: Int) -> Bool {
    let stop = events[index].record
    return events[index...].prefix(64).contains {
      $0.record.kind == .procRetire && $0.record.m == stop.m && $0.record.count == stop.count
    }
  }

  /// The wake-up that led to the `procStart`, or `mStart`, at an index; nil: none did.
  func waker(ofStart index: Int) -> PlacedRecord? {
    let m = events[index].record.m
    for event in events[..<index].suffix(Self.reach).reversed() {
      if event.record.kind == .mWake, event.record.count == UInt32(m) { return event }
      // A new thread records its `mStart` between the wake-up and this start, so that record does not count
      // as another act of the thread.
      if event.record.m == m, event.record.kind != .mStart { return nil }
    }
    return nil
  }

  /// The event from which a thread got its P without a wake-up: the return from a system call, the `procStop`
  /// by which another M handed the P over, or the event by which sysmon took the P away. nil: none of these.
  func giver(ofStart index: Int) -> PlacedRecord? {
    let start = events[index]
    for place in (max(0, index - Self.reach)..<index).reversed() {
      let event = events[place]
      let record = event.record
      if record.m == start.record.m { return record.kind == .goSyscall ? event : nil }
      if record.kind == .retake, record.count == start.record.count { return event }
      guard event.lane == start.lane else { continue }
      guard record.kind == .procStop, case .handed(let m, _) = letGo(place) else { return nil }
      return m == Int(start.record.m) ? event : nil
    }
    return nil
  }

  /// The first event of the thread that was woken by the `mWake` at an index; nil: the thread has not run yet,
  /// or ran for another reason.
  func run(after index: Int) -> PlacedRecord? {
    let m = UInt16(truncatingIfNeeded: events[index].record.count)
    let next = events[(index + 1)...].first {
      $0.record.m == m || $0.record.kind == .mWake && $0.record.count == UInt32(m)
    }
    guard let next, next.record.m == m else { return nil }
    return [.procStart, .mStart, .mEnd].contains(next.record.kind) ? next : nil
  }

  private func before(_ index: Int, on lane: Lane) -> some Sequence<PlacedRecord> {
    events[..<index].suffix(Self.reach).reversed().lazy.filter { $0.lane == lane }
  }
}
