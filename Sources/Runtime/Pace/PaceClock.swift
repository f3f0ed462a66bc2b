// The runtime's clock: the time by which timers, sleeps and deadlines go.
//
// It shows the time of the events' clock (Clock), less all the time for which the runtime's clock stood still. It stands
// still only while the scheduler is held or slowed: whenever a thread waits at the gate (Pace §2) and no thread that was
// let through is still carrying out its decision. While the scheduler is held, the runtime's clock also stands still when
// no thread waits at the gate, unless a decision is being carried out. So by this clock a decision takes as long as it
// takes to carry out, and no time passes while a person thinks about the next step.
//
// One atomic word holds the whole state, so that a reader needs no lock. If its highest bit is set, the runtime's clock
// stands still, and the other bits are the moment that it shows. Otherwise the word says how many ticks it is behind the
// events' clock. The events' clock never stands still: events have the time of the outside world.
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
    /// The clock stands still, and shows this moment, in ticks.
    case stands(at: UInt64)
    /// The clock goes, and is this many ticks behind the events' clock.
    case goes(behind: UInt64)
  }

  private static let standing: UInt64 = 1 << 63

  /// The state of the clock, from one read of its word.
  fileprivate static var clock: ClockState {
    guard let record = unsafe record else { return .goes(behind: 0) }
    let word = unsafe record.pointee.clock.load(ordering: .acquiring)
    return word & standing != 0 ? .stands(at: word & ~standing) : .goes(behind: word)
  }

  /// Makes the clock stand or go, by the rule at the top of this file. Call under the lock. Returns true if a clock
  /// that stood goes now. Then the caller must release the lock and end the netpoll thread's wait, which has no limit
  /// while the clock stands.
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

  /// If the clock stands, moves it forward to `moment`, never back. Call under the lock.
  static func advance(to moment: UInt64, _ record: UnsafeMutablePointer<Record>) {
    guard case .stands(let stood) = clock, moment > stood, moment & standing == 0 else { return }
    unsafe record.pointee.clock.store(moment | standing, ordering: .releasing)
  }
}
