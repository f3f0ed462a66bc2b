// The Gs of one look, counted by state and reason.
import Observed
import Region

/// Counts of Gs. The runtime's own are counted apart, as NumGoroutine and profiles leave them out.
package struct Census {
  var gs = Snapshot.Gs()
  /// The number of Gs by the runtime's own words for why they wait.
  package var words: [String: Int] = [:]
  /// The number of the runtime's own Gs.
  var system = 0
  /// The number of Gs that wait for a descriptor.
  var polled = 0

  package init(_ looks: [GoroutineLook], _ reasons: WaitReasons) {
    // Gs are counted by numbers first: handling a hundred thousand words would take longer than reading the Gs.
    var counts = [Int](repeating: 0, count: 16 * 256)
    for look in looks where !look.isDead {
      if look.isSystem { system += 1 } else { counts[Int(look.status & 15) << 8 | Int(look.reason)] += 1 }
    }
    for (index, count) in counts.enumerated() where count > 0 {
      switch GState(status: UInt8(index >> 8)) {
      case .runnable: gs.runnable += count
      case .running: gs.running += count
      case .syscall: gs.syscall += count
      case .preempted: gs.preempted += count
      case .waiting: add(count, reasons[UInt8(truncatingIfNeeded: index)])
      default: break
      }
    }
  }

  private mutating func add(_ count: Int, _ word: String) {
    let reason = WaitReason(word: word)
    gs.waiting[reason, default: 0] += count
    words[word, default: 0] += count
    if reason == .netpollRead { polled += count }
  }
}
