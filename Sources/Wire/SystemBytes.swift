// What the operating system tells of the observed process, on the wire.
import History
import Host
import Observed

/// Asks the operating system now and then. Not thread-safe.
struct SystemWatch {
  private var pressure = CPUPressureWatch()
  private var quota = CPUQuotaWatch()
  private var threads = ThreadWatch()
  private var next: UInt64 = 0

  /// The least time between two looks at /proc, in nanoseconds.
  private static let interval: UInt64 = 500_000_000

  /// What the system tells; nil: it was asked a moment ago, or knows nothing of the process.
  mutating func look(_ places: ThreadPlaces?, _ snapshot: Snapshot, at now: UInt64) -> SystemFacts? {
    guard let places, now >= next else { return nil }
    next = now &+ Self.interval
    let tids = snapshot.ms.compactMap(\.tid)
    pressure.look(places, tids: tids, at: now)
    quota.look(pid: places.pid, at: now)
    return SystemFacts(
      pressure: pressure.recent, quota: quota.recent, threads: threads.look(places, tids: tids))
  }
}

extension SystemFacts {
  package var bytes: [UInt8] {
    var out = ByteWriter()
    out.number((pressure == nil ? 0 : 1) as UInt64)
    pressure?.write(to: &out)
    out.number((quota == nil ? 0 : 1) as UInt64)
    if let quota {
      out.text(quota.group)
      out.number(quota.cpus.bitPattern)
      out.number(quota.window)
      out.number(quota.periods)
      out.number(quota.throttled)
    }
    for (tid, thread) in threads.sorted(by: { $0.key < $1.key }) {
      out.number(UInt64(UInt32(bitPattern: tid)))
      out.number(UInt64(thread.state.asciiValue ?? 63))
      for value in [thread.cpuTime, thread.waitTime, thread.voluntary, thread.involuntary] {
        out.number(value)
      }
      out.number(thread.use?.bitPattern)
      out.number(thread.stall?.bitPattern)
    }
    return out.bytes
  }

  /// Reads the operating system's facts about a process; nil: the bytes are not those of such
  /// facts.
  package init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    self.init()
    guard let hasPressure = body.number() else { return nil }
    if hasPressure != 0 {
      guard let pressure = CPUPressure(from: &body) else { return nil }
      self.pressure = pressure
    }
    guard let hasQuota = body.number() else { return nil }
    if hasQuota != 0 {
      guard let quota = Self.quota(&body) else { return nil }
      self.quota = quota
    }
    while !body.isAtEnd {
      guard threads.count < 1024, let tid = body.number(upTo: Int(Int32.max)), let thread = Self.thread(&body)
      else { return nil }
      threads[Int32(tid)] = thread
    }
  }

  private static func quota(_ body: inout ByteReader) -> CPUQuota? {
    guard let group = body.text(), let cpus = body.number(), let window = body.number(),
      let periods = body.optional(), let throttled = body.optional()
    else { return nil }
    let limit = Double(bitPattern: cpus)
    guard limit.isFinite, limit > 0 else { return nil }
    var quota = CPUQuota(group: group, cpus: limit)
    (quota.window, quota.periods, quota.throttled) = (window, periods, throttled)
    return quota
  }

  private static func thread(_ body: inout ByteReader) -> OSThread? {
    guard let state = body.number(upTo: 126), state > 32, let cpu = body.number(), let wait = body.number(),
      let voluntary = body.number(), let involuntary = body.number(), let use = body.optional(),
      let stall = body.optional()
    else { return nil }
    var thread = OSThread()
    thread.state = Character(Unicode.Scalar(UInt8(state)))
    (thread.cpuTime, thread.waitTime) = (cpu, wait)
    (thread.voluntary, thread.involuntary) = (voluntary, involuntary)
    func share(_ bits: UInt64?) -> Double? {
      bits.map { Double(bitPattern: $0) }.flatMap { $0.isFinite ? min(1, max(0, $0)) : nil }
    }
    (thread.use, thread.stall) = (share(use), share(stall))
    return thread
  }
}
