// How each event changes the account of the queues (QueueAccount §2). It stands in the module whose model applies millions of
// events a second, so that the compiler sees both at once.
import Observed
import Region

extension QueueAccount {
  /// Applies one event of a lane. No event, however damaged, causes a trap or unbounded growth.
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
    case .grq, .steal, .stealNext, .untold, nil: break  // it was on no queue
    }
  }

  /// Sets the M that holds a P, and the G that the P runs.
  package mutating func hold(_ p: Int, m: Int?, g: UInt64?) { change(p) { ($0.m, $0.g) = (m, g) } }

  private mutating func change(_ p: Int?, _ change: (inout P) -> Void) {
    guard let p, p >= 0, p < Self.mostPs else { return }
    while ps.count <= p { ps.append(P()) }
    change(&ps[p])
  }

  /// Subtracts the depths that `added` counted from zero. Holders and running Gs stay as they are.
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
