// The account of the queues: how deep each one is, and who has each P, as the records have it.
//
// §1 Every record that puts Gs on a queue or takes some off says on which and how many, so each depth is a sum, whatever
// the order in which lanes are read. A G is on its queue from the record that puts it there to the record that takes it.
// In between it may be in the hands of whoever moves it; that shows nowhere. In hands, here, is a G that a record took
// off a queue and that has not started yet: the first of a batch, and one that was set aside without a stack.
//
// §2 A keyframe has these sums from the target's own words (QueuePlaces), at the boundary of each lane. From there on they
// follow the records. So the next keyframe's are what the records in between make of these, to the G: a test holds them
// together.
//
// §3 A thief takes first and tells later. So for that moment a `runnext` that was filled again counts twice, and an LRQ
// more than it holds. Lanes are not cut at one moment: at a keyframe, before its first moment, a sum may be negative.
import Region

/// Depths and holders by P.
package struct QueueAccount: Equatable, Sendable {
  package struct P: Equatable, Sendable {
    package var lrq = 0
    /// Gs in `runnext`: 0 or 1; see §3.
    package var next = 0
    /// Who holds it, be it inside a system call; and what it runs.
    package var m: Int?
    package var g: UInt64?

    package init(lrq: Int = 0, next: Int = 0, m: Int? = nil, g: UInt64? = nil) {
      (self.lrq, self.next, self.m, self.g) = (lrq, next, m, g)
    }
  }

  /// By id: all that were ever made.
  package private(set) var ps: [P] = []
  package private(set) var grq = 0

  package static let mostPs = 4096

  package init(ps: [P] = [], grq: Int = 0) { (self.ps, self.grq) = (ps, grq) }

  /// A P that has done nothing is as good as none.
  package static func == (a: QueueAccount, b: QueueAccount) -> Bool {
    guard a.grq == b.grq else { return false }
    return (0..<max(a.ps.count, b.ps.count)).allSatisfy { (a[p: $0] ?? P()) == (b[p: $0] ?? P()) }
  }

  /// Gs on all queues.
  package var queued: Int { ps.reduce(grq) { $0 &+ $1.lrq &+ $1.next } }

  package subscript(p id: Int) -> P? { ps.indices.contains(id) ? ps[id] : nil }

  /// Applies one event of a lane. Whatever it says, nothing traps, and nothing grows without bound.
  package mutating func apply(_ kind: EventKind, _ record: Record, on lane: Lane) {
    var p: Int?
    if case .p(let id) = lane { p = id }
    switch kind {
    case .goCreate, .goReady: put(1, record.place, p)
    case .goYield, .goPreempt:
      put(1, record.place, p)
      change(p) { $0.g = nil }
    case .goSyscallExit:
      if record.detail == 0 { put(1, record.place, p) } else { run(record, p) }
    case .goStart, .goResume:
      take(record.runSource, p)
      run(record, p)
    case .goPark, .goExit, .goSyscall: change(p) { $0.g = nil }
    case .goSetAside: take(record.runSource, p)
    case .takeUp: put(Int(record.count), record.place, p)
    case .procStart: change(p) { $0.m = Int(record.m) }
    case .procStop: change(p) { ($0.m, $0.g) = (nil, nil) }
    case .retake: change(Int(record.count)) { ($0.m, $0.g) = (nil, nil) }
    default: applyBatch(kind, record, p)
    }
  }

  private mutating func applyBatch(_ kind: EventKind, _ record: Record, _ p: Int?) {
    let gs = Int(record.count)
    switch kind {
    case .steal where record.detail == 1: change(Int(clamping: record.arg)) { $0.next &-= gs }
    case .steal:
      change(Int(clamping: record.arg)) { $0.lrq &-= gs }
      change(p) { $0.lrq &+= gs - 1 }
    case .grqTake:
      grq &-= gs
      change(p) { $0.lrq &+= gs - 1 }
    case .overflow:
      grq &+= gs
      change(p) { $0.lrq &-= gs }
    case .nextStolen:
      change(p) {
        $0.lrq &-= 1
        $0.next &+= 1
      }
    case .procRetire:
      let (all, next) = (Int(clamping: min(record.arg, UInt64(plausible))), Int(record.detail & 1))
      grq &+= all
      change(Int(record.count)) {
        $0.next &-= next
        $0.lrq &-= all - next
        ($0.m, $0.g) = (nil, nil)
      }
    default: break
    }
  }

  private mutating func run(_ record: Record, _ p: Int?) {
    change(p) { $0.g = record.g }
  }

  private mutating func put(_ gs: Int, _ place: Place, _ p: Int?) {
    switch place.queue {
    case .runnext: change(p) { $0.next &+= gs }
    case .lrq, .displacing: change(p) { $0.lrq &+= gs }
    case .grq: grq &+= gs
    case .untold, nil: break
    }
  }

  private mutating func take(_ queue: RunSource?, _ p: Int?) {
    switch queue {
    case .runnext: change(p) { $0.next &-= 1 }
    case .lrq, .netpoll: change(p) { $0.lrq &-= 1 }
    case .grq, .steal, .stealNext, .untold, nil: break  // it was in hands
    }
  }

  /// Says who has a P, and what that runs.
  package mutating func hold(_ p: Int, m: Int?, g: UInt64?) { change(p) { ($0.m, $0.g) = (m, g) } }

  private mutating func change(_ p: Int?, _ change: (inout P) -> Void) {
    guard let p, p >= 0, p < Self.mostPs else { return }
    while ps.count <= p { ps.append(P()) }
    change(&ps[p])
  }

  /// The account before what `added`, which began with nothing, has counted. Who holds what, and runs, stays.
  package mutating func takeOff(_ added: QueueAccount) {
    grq &-= added.grq
    for (id, p) in added.ps.enumerated() {
      change(id) {
        $0.lrq &-= p.lrq
        $0.next &-= p.next
      }
    }
  }
}
