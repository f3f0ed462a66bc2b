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
  static var paced: UInt64 {
    switch Pace.clock {
    case .stands(let moment): moment
    case .goes(let behind): now &- behind
    }
  }

  /// How far the runtime's clock is behind that of the events, in ticks.
  static var behind: UInt64 {
    switch Pace.clock {
    case .stands(let moment): now &- moment
    case .goes(let behind): behind
    }
  }

  /// Whether the runtime's clock stands still.
  static var stands: Bool { if case .stands = Pace.clock { true } else { false } }
}

extension Pace {
  /// What the clock's word says.
  fileprivate enum ClockState {
    /// The clock stands at this moment, in ticks.
    case stands(at: UInt64)
    /// The clock goes, and is so many ticks behind.
    case goes(behind: UInt64)
  }

  private static let standing: UInt64 = 1 << 63

  /// The clock's word, read once.
  fileprivate static var clock: ClockState {
    guard let record = unsafe record else { return .goes(behind: 0) }
    let word = unsafe record.pointee.clock.load(ordering: .acquiring)
    return word & standing != 0 ? .stands(at: word & ~standing) : .goes(behind: word)
  }

  /// Makes the clock stand or go, as the line demands. Call under the lock. True when the clock goes again: then the
  /// caller must end the netpoll thread's wait, which has no limit while the clock stands, without the lock.
  @discardableResult
  static func settleClock(_ record: UnsafeMutablePointer<Record>) -> Bool {
    let isOn = unsafe record.pointee.isOn.load(ordering: .relaxed) != 0
    let isAtWork = unsafe record.pointee.underWay > 0
    let isIdle = unsafe !record.pointee.isHeld && record.pointee.line.isEmpty
    let goes = !isOn || isAtWork || isIdle
    switch clock {
    case .stands(let moment) where goes:
      let behind = Clock.now &- moment
      unsafe record.pointee.clock.store(behind, ordering: .releasing)
      unsafe record.pointee.shared[.stoodStill].set(behind)
      return true
    case .goes where !goes: unsafe record.pointee.clock.store(Clock.paced | standing, ordering: .releasing)
    case .stands, .goes: break
    }
    return false
  }

  /// Moves the clock, which stands, forward to `moment`. Call under the lock.
  static func advance(to moment: UInt64, _ record: UnsafeMutablePointer<Record>) {
    guard case .stands(let stood) = clock, moment > stood, moment & standing == 0 else { return }
    unsafe record.pointee.clock.store(moment | standing, ordering: .releasing)
  }
}
