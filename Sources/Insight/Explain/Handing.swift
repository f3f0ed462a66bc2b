// Why a thread let go of a P, and how one came by it: told by the events next to that, never by what is usual.
//
// A P changes hands for several reasons, of which each leaves its mark just before: a search in vain; a G that was stopped,
// or sleeps in the kernel, and keeps the thread; a G that was taken from a queue and keeps another thread, which is handed
// the P. A wake-up led to a run when it is the last thing that is told of the woken thread before it took the P: one that
// has run, or stood still, in between was woken for something else.
import Observed
import Region

struct Handing {
  package let events: [PlacedRecord]

  /// Events of a lane that are gone through at most.
  private static let reach = 20_000

  enum LetGo: Equatable {
    /// The G was stopped, or sleeps in the kernel, and keeps the thread.
    case stopped(UInt64)
    case sleeps(UInt64)
    /// To another M, which keeps the G that was to run next.
    case handed(to: Int, g: UInt64)
    /// There are fewer Ps now.
    case retired
    /// A search found nothing; or there was not even a search of other Ps.
    case foundNothing
    /// What the G did last that ran there; after that nothing is told of a search.
    case after(EventKind, UInt64)
    case untold
  }

  /// What led to the `procStop` at an index.
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
      case .goStart, .goResume, .goSyscallExit: return .untold  // it runs still: an event is missing
      default: continue
      }
    }
    return heir(index) ?? (isRetired(index) ? .retired : .untold)
  }

  /// The M that was handed the P for the G that it keeps: it took the P at once, nobody had woken it, and it ran that G.
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
  package func waker(ofStart index: Int) -> PlacedRecord? {
    let m = events[index].record.m
    for event in events[..<index].suffix(Self.reach).reversed() {
      if event.record.kind == .mWake, event.record.count == UInt32(m) { return event }
      // A new thread says hello between the two.
      if event.record.m == m, event.record.kind != .mStart { return nil }
    }
    return nil
  }

  /// Without a wake-up: the system call that the thread comes out of, the `procStop` by which another M handed it the P, or
  /// sysmon's taking it away; nil: none of these.
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

  /// What the thread did that was woken at an index; nil: it has not come to run, or did so for another reason.
  package func run(after index: Int) -> PlacedRecord? {
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
