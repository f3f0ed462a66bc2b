// One look at the scheduler and all Ps, by one call: some 700 bytes, six microseconds. Queues fill and empty in less than a
// millisecond, so this look is taken hundreds of times a second (FastLoop.swift).
import Observed

/// The scheduler and its Ps at about one moment. A plain value.
package struct FastLook: Sendable, Equatable {
  package struct P: Sendable, Equatable {
    /// The address of the P's struct, by which Ms name the P.
    package var address: UInt64
    package var status: UInt32
    /// The P's counts of Gs started and of system calls: 32 bits, which wrap.
    package var schedtick, syscalltick: UInt32
    package var m: UInt64
    package var depth: Int
    package var next: UInt64
  }

  package var ps: [P] = []
  package var grq = 0
  package var idlePs = 0
  package var idleMs = 0
  package var spinningMs = 0
  package var lockedIdleMs = 0
  package var systemGs = 0
  /// Whether the world is stopped, or about to be.
  package var isStopping = false
  /// Whether an M waits in netpoll. The runtime shows this by 0 in place of the time of the last poll.
  package var isPolled = false

  package init() {}
}

/// Reads the scheduler and all Ps of one target, again and again. Not thread-safe.
package struct FastReader {
  private let memory: any TargetMemory
  private let layout: GoLayout
  private let variables: Variables
  private var batch = MemoryBatch()
  /// The addresses of the Ps, and the address and length that their list had when it was read.
  private var ps: [UInt64] = []
  private var list: (address: UInt64, count: UInt64) = (0, 0)
  /// Whether every entry of the list had been written when the list was read. If not, the next look reads it
  /// again.
  private var isWhole = false
  package private(set) var look = FastLook()

  /// More Ps than this are not read: the kernel's and Go's own limits are far below.
  private static let mostPs = 1 << 14

  package init(_ program: GoProgram) { self.init(program.memory, program.layout, program.variables) }

  package init(_ memory: any TargetMemory, _ layout: GoLayout, _ variables: Variables) {
    (self.memory, self.layout, self.variables) = (memory, layout, variables)
  }

  /// Reads the scheduler and all Ps once. The list of Ps is read again when GOMAXPROCS has changed.
  package mutating func read() throws(MemoryProblem) {
    if !isWhole { try prepare() }
    for _ in 0..<8 {
      try batch.read(memory)
      if let place = batch.place(0), batch.bytes.word(place) == list.address,
        batch.bytes.word(place + 8) == list.count
      {
        return try decode()
      }
      try prepare()
    }
    throw .unmapped(variables.allp)
  }

  private mutating func prepare() throws(MemoryProblem) {
    let slice = try memory.words(at: variables.allp, 2)
    guard slice[1] <= UInt64(Self.mostPs) else { throw .absurd(slice[1]) }
    let all = try memory.words(at: slice[0], Int(slice[1]))
    // While GOMAXPROCS grows, the list of Ps has its new length before its last entries are written.
    ps = Array(all.prefix { isPlausible(pointer: $0) })
    isWhole = ps.count == all.count
    list = (slice[0], slice[1])
    batch.removeAll()
    batch.add(variables.allp, 16)
    batch.add(variables.sched, layout.scheduler.size)
    for p in ps {
      batch.add(p, max(layout.p.m, layout.p.syscalltick, layout.p.status, layout.p.schedtick) + 8)
      batch.add(p &+ UInt64(layout.p.runqhead), 8)
      batch.add(p &+ UInt64(layout.p.runnext), 8)
    }
    look.ps = ps.map {
      FastLook.P(address: $0, status: 0, schedtick: 0, syscalltick: 0, m: 0, depth: 0, next: 0)
    }
  }

  private mutating func decode() throws(MemoryProblem) {
    guard let scheduler = batch.place(1) else { throw .unmapped(variables.sched) }
    let (bytes, fields) = (batch.bytes, layout.scheduler)
    func number(_ offset: Int) -> Int { Int(bytes.load(scheduler + offset, as: Int32.self)) }
    (look.grq, look.idlePs, look.idleMs) = (
      max(0, number(fields.grqSize)), number(fields.npidle), number(fields.nmidle)
    )
    (look.spinningMs, look.lockedIdleMs) = (number(fields.nmspinning), number(fields.nmidlelocked))
    look.systemGs = number(fields.ngsys)
    look.isStopping = bytes[scheduler + fields.gcwaiting] != 0
    look.isPolled = bytes.word(scheduler + fields.lastpoll) == 0
    for index in ps.indices {
      guard let hot = batch.place(2 + 3 * index), let queue = batch.place(3 + 3 * index),
        let next = batch.place(4 + 3 * index)
      else { throw .unmapped(ps[index]) }
      look.ps[index].status = bytes.load(hot + layout.p.status, as: UInt32.self)
      look.ps[index].schedtick = bytes.load(hot + layout.p.schedtick, as: UInt32.self)
      look.ps[index].syscalltick = bytes.load(hot + layout.p.syscalltick, as: UInt32.self)
      look.ps[index].m = bytes.word(hot + layout.p.m)
      let depth = bytes.load(queue + 4, as: UInt32.self) &- bytes.load(queue, as: UInt32.self)
      // Head and tail are copied at once, so a depth beyond the ring's size is damage.
      look.ps[index].depth = min(Int(depth), 256)
      look.ps[index].next = bytes.word(next)
    }
  }
}
