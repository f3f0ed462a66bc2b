// Single pieces of the scheduler, for `make instructions`: no other measure runs them alone.
import MPG
import Region

extension Measure {
  static let pieces = [
    // One op is one record written to a ring of the usual size.
    Measure(name: "event", procs: 1, operations: 50_000_000, run: events),
    // One op is one G pushed and popped by the queue's owner.
    Measure(name: "lrq", procs: 1, operations: 50_000_000, run: pushesAndPops),
    // One op is one steal of half of 32 Gs, and the 32 pushes and pops around it.
    Measure(name: "steal", procs: 1, operations: 1_000_000, run: steals),
  ]

  private static func events(_ count: Int) {
    let capacity = 131_072
    let memory = Arena(bytes: capacity * Record.bytes + 64)
    let ring = unsafe RingWriter(
      slots: memory.base + 64, capacity: capacity, position: Word(at: memory.base))
    Report.timed("event", operations: count) {
      for number in 0..<count {
        ring.append(Record(.goStart, time: UInt64(number), m: 1, g: 42, count: 7, arg: 100))
      }
    }
  }

  private static func pushesAndPops(_ count: Int) {
    let queue = Arena(bytes: PField.stride * 8).queue
    Report.timed("lrq", operations: count) {
      for number in 0..<count {
        _ = queue.push(G(slot: UInt32(truncatingIfNeeded: number)))
        precondition(queue.pop() != nil, "lrq: a G was lost")
      }
    }
  }

  private static func steals(_ count: Int) {
    let (victim, thief) = (Arena(bytes: PField.stride * 8).queue, Arena(bytes: PField.stride * 8).queue)
    Report.timed("steal", operations: count) {
      for _ in 0..<count {
        for slot in 0..<UInt32(32) { _ = victim.push(G(slot: slot)) }
        precondition(thief.steal(from: victim)?.count == 16, "steal: not half")
        while victim.pop() != nil {}
        while thief.pop() != nil {}
      }
    }
  }
}

/// Memory that takes the place of the region. It is never freed.
///
/// Safe because: nothing is placed beyond its bytes.
@safe private struct Arena {
  let base: UnsafeMutableRawPointer

  init(bytes: Int) {
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
  }

  /// The run queue of the P whose block this is.
  var queue: LocalRunQueue {
    unsafe LocalRunQueue(block: Block(at: base), slots: base + PField.lrq.rawValue * 8)
  }
}
