// The runtime's clock: the time by which timers, sleeps and deadlines go.
//
// It is the clock of the events (Clock), less the time for which it stood still. While the scheduler is held or slowed, it
// stands whenever somebody waits at the gate and nobody is under way; while it is held, it also stands when nobody waits.
// So in the runtime's time a decision takes as long as it takes to carry out, and the wait for a person takes none.
//
// One word holds it all, so that a reader needs no lock: with the highest bit set, the moment at which the clock stands;
// else, how far it is behind. Events have the time of the outside world, which does not slow.
import CMPG
import Region
import Synchronization

extension Clock {
  /// The runtime's time, in ticks. In a program that nobody can pace this is `now`.
  static var paced: UInt64 { Pace.time }

  /// How far the runtime's clock is behind that of the events, in ticks.
  static var behind: UInt64 { Pace.behind }

  /// Whether the runtime's clock stands still.
  static var stands: Bool { Pace.standsAt != nil }
}

extension Pace {
  private static let standing: UInt64 = 1 << 63

  fileprivate static var time: UInt64 {
    guard let record = unsafe record else { return Clock.now }
    let word = unsafe record.pointee.clock.load(ordering: .acquiring)
    return word & standing != 0 ? word & ~standing : Clock.now &- word
  }

  fileprivate static var behind: UInt64 {
    guard let record = unsafe record else { return 0 }
    let word = unsafe record.pointee.clock.load(ordering: .acquiring)
    return word & standing != 0 ? Clock.now &- (word & ~standing) : word
  }

  /// The moment at which the clock stands; nil: it goes.
  fileprivate static var standsAt: UInt64? {
    guard let record = unsafe record else { return nil }
    let word = unsafe record.pointee.clock.load(ordering: .acquiring)
    return word & standing != 0 ? word & ~standing : nil
  }

  /// Makes the clock stand or go, as the line demands. Call under the lock. True when the clock goes again: then the
  /// caller must end the netpoll thread's wait, which has no limit while the clock stands, without the lock.
  @discardableResult
  static func settleClock(_ record: UnsafeMutablePointer<Record>) -> Bool {
    let isOn = unsafe record.pointee.isOn.load(ordering: .relaxed) != 0
    let isAtWork = unsafe record.pointee.underWay > 0
    let isIdle = unsafe !record.pointee.isHeld && record.pointee.line.isEmpty
    let goes = !isOn || isAtWork || isIdle
    let stood = standsAt
    if goes, let stood {
      let behind = Clock.now &- stood
      unsafe record.pointee.clock.store(behind, ordering: .releasing)
      unsafe record.pointee.shared[.stoodStill].set(behind)
      return true
    }
    if !goes, stood == nil { unsafe record.pointee.clock.store(time | standing, ordering: .releasing) }
    return false
  }

  /// Moves the clock, which stands, forward to `moment`. Call under the lock.
  static func advance(to moment: UInt64, _ record: UnsafeMutablePointer<Record>) {
    guard let stood = standsAt, moment > stood, moment & standing == 0 else { return }
    unsafe record.pointee.clock.store(moment | standing, ordering: .releasing)
  }
}
