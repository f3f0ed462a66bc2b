// The scheduler's counters for this process itself. Other processes read the region.
import Region

/// The scheduler at one moment, as the process itself sees it. The counters of different Ps are not read at one
/// instant.
public struct Statistics: Sendable {
  /// The number of Ps that may run Gs.
  public var procs = 0
  /// The number of the runtime's threads.
  public var threads = 0
  /// The number of Gs that were created and have not ended.
  public var live = 0
  /// The number of Gs created since the boot.
  public var created: UInt64 = 0
  /// How often a G was started: context switches into Gs.
  public var switches: UInt64 = 0
  /// How often since the boot a P took Gs from another one.
  public var steals: UInt64 = 0
  /// The number of Gs on the global run queue.
  public var grq = 0
  /// The number of Gs that are parked on sockets.
  public var netpollParked = 0
  /// The interface by which netpoll asks the kernel.
  public var netpoll = NetpollKind.none
}

/// The scheduler's counters at this moment.
///
/// Reads words that other threads change meanwhile, and stops no thread. Takes some microseconds, more with many Ps. Must
/// be called from a G.
public func statistics() -> Statistics {
  _ = currentM("statistics")
  let sched = sched
  let threads = Int(sched.shared[.mCount].acquired)
  let lanes = (0..<sched.psMade).map(sched.region.lane(p:)) + (0..<threads).map(sched.region.lane(m:))
  func sum(_ field: LaneField, _ index: Int = 0) -> UInt64 {
    lanes.reduce(0) { $0 &+ $1.counters[field, index].relaxed }
  }
  var result = Statistics()
  result.procs = sched.procs
  result.netpoll = sched.netpoll.backend.kind
  // Count threads, not Ms: an M may have no thread (Outside.swift).
  result.threads = (0..<threads).count { sched.region.m($0)[.tid].relaxed != 0 }
  let exited = sum(.exited)  // read first: each of these Gs was counted as created earlier
  result.created = sum(.created)
  result.live = Statistics.gauge(result.created, minus: exited)
  result.switches = sum(.started)
  result.grq = sched.grqDepth
  for thief in 0..<sched.psMade where sched.p(thief).shared[.stealTries].relaxed != 0 {
    for victim in 0..<sched.psMade {
      result.steals += sched.region.steal(thief: thief, victim: victim)[.hits].relaxed
    }
  }
  for reason in [WaitReason.netpollRead, .netpollWrite] {
    let index = Int(reason.rawValue)
    let readied = sum(.readied, index)
    result.netpollParked += Statistics.gauge(sum(.parked, index), minus: readied)
  }
  return result
}

extension Statistics {
  /// How many Gs are in a state, from how many entered it and how many left it. Never negative, though both are sums
  /// over words that other threads change while they are read.
  static func gauge(_ entered: UInt64, minus left: UInt64) -> Int {
    Int(clamping: entered.excess(over: left))
  }
}
