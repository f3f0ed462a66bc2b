// Turns: what the control thread does to the gate (Pace §4). No other thread calls this.
import CMPG
import Region
import Synchronization

extension Pace {
  /// Opens and closes the gate, for the control thread.
  ///
  /// Safe because: the record is made at boot and never freed.
  @safe struct Turns {
    private let record: UnsafeMutablePointer<Record>

    /// Returns nil if the process was started without control, so that there is no gate.
    init?() {
      guard let record = unsafe Pace.record else { return nil }
      unsafe self.record = record
    }

    private var shared: Block<SchedField> { unsafe record.pointee.shared }

    var pace: Pacing { Pacing(rawValue: UInt8(truncatingIfNeeded: shared[.pace].relaxed)) ?? .free }

    /// How many threads are in the line.
    var waiting: Int { locked { unsafe record.pointee.line.count } }

    /// Whether `m` was let through and has not come to its next gate.
    func isUnderWay(_ m: Int) -> Bool { locked { unsafe record.pointee.gates[m].isUnderWay } }

    private func locked<Result>(_ body: () -> Result) -> Result {
      unsafe record.pointee.lock.lock()
      defer { unsafe record.pointee.lock.unlock() }
      return body()
    }

    // MARK: pace

    /// Holds the scheduler (`rate` nil), or slows it to `rate` decisions a second.
    func pace(_ rate: Int?) {
      locked {
        unsafe record.pointee.isHeld = rate == nil
        shared[.paceRate].set(UInt64(rate ?? 0))
        shared[.pace].publish(UInt64((rate == nil ? Pacing.held : .slow).rawValue))
        if unsafe record.pointee.isOn.load(ordering: .relaxed) == 0 {
          unsafe record.pointee.round.wrappingAdd(1, ordering: .relaxed)
          unsafe record.pointee.isOn.store(1, ordering: .sequentiallyConsistent)
        }
      }
      for id in 0..<sched.psMade { sched.p(id).ask(for: .pace) }
      settle()
      Sysmon.nudge()
    }

    /// Lets the scheduler run free.
    func release() {
      locked {
        unsafe record.pointee.isOn.store(0, ordering: .sequentiallyConsistent)
        unsafe record.pointee.isHeld = false
        shared[.paceRate].set(0)
        shared[.pace].publish(UInt64(Pacing.free.rawValue))
        for index in unsafe record.pointee.line.indices {
          let id = unsafe record.pointee.line[index]
          letThrough(id)
          wake(id)
        }
        unsafe record.pointee.line.removeAll(keepingCapacity: true)
        // The scheduler runs free from here on, so a turn that was granted before is over. Otherwise it would still
        // count when the scheduler is held again.
        for id in 0..<Int(shared[.mCount].acquired) {
          unsafe Pace.noteArrival(at: record.pointee.gates + id, record)
        }
      }
      settle()
    }

    private func settle() {
      if locked({ unsafe Pace.settleClock(record) }) { sched.netpoll.hurry() }
    }

    /// Marks the gate of M `m` as open. Call under the lock, then `wake` without it.
    private func letThrough(_ m: Int) {
      unsafe record.pointee.gates[m].word.store(Word.goes.rawValue, ordering: .releasing)
    }

    private func wake(_ m: Int) { unsafe mpg_futex_wake(record.pointee.gates + m, 1) }

    // MARK: single decisions

    /// Lets one thread make its next decision: the M that holds P `p`, or (nil) the thread that has waited longest.
    /// Returns that thread, and the P that it holds; nil: there is no such thread in the line.
    func grant(p: Int? = nil) -> (m: M, p: Int?)? {
      let place = locked { () -> (Int, Bool)? in
        // The line is changed in place: if it were copied first, the removal below would allocate.
        let first = unsafe record.pointee.line.isEmpty ? nil : 0
        guard let place = p == nil ? first : unsafe record.pointee.line.firstIndex(where: { holds($0, p) })
        else { return nil }
        let id = unsafe record.pointee.line.remove(at: place)
        unsafe record.pointee.gates[id].isUnderWay = true
        unsafe record.pointee.underWay += 1
        shared[.paceSteps].add(1)
        letThrough(id)
        return (id, unsafe Pace.settleClock(record))
      }
      guard let (id, goes) = place, let m = sched.m(id) else { return nil }
      if goes { sched.netpoll.hurry() }
      let held = m.shared[.p].relaxed
      wake(id)
      if m.shared[.state].relaxed == UInt64(MState.sysmon.rawValue) { m.wake() }
      return (m, held == 0 ? nil : Int(held - 1))
    }

    private func holds(_ m: Int, _ p: Int?) -> Bool {
      p.map { sched.m(m)?.shared[.p].relaxed == UInt64($0 + 1) } ?? false
    }

    /// While the scheduler is held and no thread is in the line, moves the runtime's clock to the earliest timer, so
    /// that the netpoll thread comes to fire it. Does nothing if no timer is set.
    func skipToTimer() {
      let next = sched.netpoll.earliestTimer
      guard next != .max else { return }
      locked { unsafe Pace.advance(to: next, record) }
      sched.netpoll.hurry()
    }
  }
}
