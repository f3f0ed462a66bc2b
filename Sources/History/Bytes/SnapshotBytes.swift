// The parts of a snapshot as bytes: the sections of a keyframe. Nothing that is read is trusted: numbers that no
// machine has are refused, so that views can add them up without an overflow.
import Observed
import Region

extension Snapshot.Target {
  package func write(to out: inout ByteWriter) {
    out.number(UInt64(UInt32(bitPattern: pid)))
    out.text(name)
    out.number(bootTime)
    out.number(UInt64(state.rawValue))
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let pid = body.number(upTo: Int(Int32.max)), let name = body.text(), let boot = body.number(),
      let state = body.number(upTo: 255)
    else { return false }
    (self.pid, self.name, bootTime) = (Int32(pid), name, boot)
    self.state = ProcessState(rawValue: UInt8(state)) ?? .live
    return true
  }
}

extension Snapshot {
  func writeSched(to out: inout ByteWriter) {
    out.number(UInt64(clamping: procs))
    out.number(isConsistent ? 1 as UInt64 : 0)
    for value in [grq, grqMax, timers] { out.number(UInt64(clamping: value ?? 0)) }
    out.number(switches ?? 0)
    guard let retired else { return }
    out.number(UInt64(clamping: retired.ps))
    for counter in [
      retired.ticks, retired.stealsIn, retired.stealsOut, retired.stolenGs, retired.stealTries,
    ] {
      out.number(counter ?? 0)
    }
  }

  mutating func readSched(from body: inout ByteReader) -> Bool {
    guard let procs = body.number(upTo: plausible), let consistent = body.number(),
      let grq = body.number(upTo: plausible), let grqMax = body.number(upTo: plausible),
      let timers = body.number(upTo: plausible), let switches = body.number()
    else { return false }
    (self.procs, isConsistent, self.switches) = (procs, consistent != 0, switches)
    (self.grq, self.grqMax, self.timers) = (grq, grqMax, timers)
    if body.isAtEnd {  // older sections end here
      self.retired = nil
      return true
    }
    var retired = Retired()
    guard retired.read(from: &body) else { return false }
    self.retired = retired
    return true
  }

  /// Reads a P. Ps must come in the order of their ids. Of those beyond `procs` some may be missing.
  mutating func readP(from body: inout ByteReader) -> Bool {
    var p = P()
    guard p.read(from: &body), p.id > ps.last?.id ?? -1 else { return false }
    ps.append(p)
    return true
  }

  /// Reads a stopped P, which has no row.
  mutating func readStopped(from body: inout ByteReader) -> Bool {
    var p = P()
    guard p.read(from: &body), p.id > stopped.last?.id ?? -1 else { return false }
    stopped.append(p)
    return true
  }

  /// Reads an M. Ms must come in the order of their ids.
  mutating func readM(from body: inout ByteReader) -> Bool {
    var m = M()
    guard m.read(from: &body), m.id > ms.last?.id ?? -1 else { return false }
    ms.append(m)
    return true
  }
}

extension Snapshot.Retired {
  fileprivate mutating func read(from body: inout ByteReader) -> Bool {
    guard let ps = body.number(upTo: 4096), let ticks = body.number(), let stealsIn = body.number(),
      let stealsOut = body.number(), let stolenGs = body.number(), let stealTries = body.number()
    else { return false }
    (self.ps, self.ticks, self.stealsIn) = (ps, ticks, stealsIn)
    (self.stealsOut, self.stolenGs, self.stealTries) = (stealsOut, stolenGs, stealTries)
    return true
  }
}

extension Snapshot.P {
  package func write(to out: inout ByteWriter) {
    out.number(UInt64(clamping: id))
    out.number(UInt64(status.rawValue))
    out.number(m.map { UInt64(clamping: $0) })
    out.number(g)
    out.text(entry ?? "")
    for depth in [lrq, lrqMax] { out.number(UInt64(clamping: min(depth ?? 0, Capacity.lrq))) }
    out.number(runnext == true ? 1 as UInt64 : 0)
    for counter in [ticks, stealsIn, stealsOut, stolenGs, stealTries] { out.number(counter ?? 0) }
    out.number(idleTime)
    out.number(spinTime)
    out.number(callTime)
    out.number(runTime)
    for cache in [gCache, stackCache] {
      out.number(cache?.hits)
      out.number(cache?.misses)
    }
    out.untold(Self.facts, of: self)
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let id = body.number(upTo: 4095), let status = body.number(upTo: 255), let m = body.optional(),
      let g = body.optional(), let entry = body.text(), let lrq = body.number(upTo: Capacity.lrq),
      let lrqMax = body.number(upTo: Capacity.lrq), let runnext = body.number(), let ticks = body.number(),
      let stealsIn = body.number(), let stealsOut = body.number(), let stolenGs = body.number(),
      let stealTries = body.number(), let idle = body.optional(), let spin = body.optional()
    else { return false }
    (self.id, self.status, self.g) = (id, PStatus(rawValue: UInt8(status)) ?? .running, g)
    (self.m, self.entry) = (m.map { Int(clamping: $0) }, entry.isEmpty ? nil : entry)
    (self.lrq, self.lrqMax, self.runnext, self.ticks) = (lrq, lrqMax, runnext != 0, ticks)
    (self.stealsIn, self.stealsOut, self.stolenGs) = (stealsIn, stealsOut, stolenGs)
    (self.stealTries, idleTime, spinTime) = (stealTries, idle, spin)
    if body.isAtEnd { return true }  // older sections end here
    guard let call = body.optional(), let run = body.optional() else { return false }
    (callTime, runTime) = (call, run)
    if body.isAtEnd { return true }  // and somewhat newer ones here
    return readCaches(from: &body) && body.untold(Self.facts, of: &self)
  }

  private mutating func readCaches(from body: inout ByteReader) -> Bool {
    func cache() -> Snapshot.Cache?? {
      guard let hits = body.optional(), let misses = body.optional() else { return nil }
      guard let hits, let misses else { return .some(nil) }
      return Snapshot.Cache(hits: hits, misses: misses)
    }
    guard let gs = cache(), let stacks = cache() else { return false }
    (gCache, stackCache) = (gs, stacks)
    return true
  }
}

extension Snapshot.M {
  package func write(to out: inout ByteWriter) {
    out.number(UInt64(clamping: id))
    out.number(UInt64(UInt32(bitPattern: tid ?? 0)))
    out.number(UInt64(state.rawValue))
    out.number(p.map { UInt64(clamping: $0) })
    out.number(g)
    out.untold(Self.facts, of: self)
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let id = body.number(upTo: 65_535), let tid = body.number(), let state = body.number(upTo: 255),
      let p = body.optional(), let g = body.optional()
    else { return false }
    (self.id, self.tid) = (id, Int32(truncatingIfNeeded: tid))
    self.state = MState(rawValue: UInt8(state)) ?? .running
    (self.p, self.g) = (p.map { Int(clamping: $0) }, g)
    return body.untold(Self.facts, of: &self)
  }
}

extension Snapshot.Gs {
  package func write(to out: inout ByteWriter) {
    out.number(created ?? 0)
    out.number(exited ?? 0)
    for state in [running, runnable, preempted, syscall] { out.number(state) }
    for (reason, count) in waiting.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      out.number(UInt64(reason.rawValue))
      out.number(count)
    }
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let created = body.number(), let exited = body.number(), let running = body.gs(),
      let runnable = body.gs(),
      let preempted = body.gs(), let syscall = body.gs()
    else { return false }
    (self.created, self.exited) = (created, exited)
    (self.running, self.runnable, self.preempted, self.syscall) = (running, runnable, preempted, syscall)
    for _ in 0..<256 where !body.isAtEnd {
      guard let reason = body.number(upTo: 255), let count = body.gs() else { return false }
      waiting[WaitReason(rawValue: UInt8(reason)) ?? .none, default: 0] += count
    }
    return body.isAtEnd
  }
}

extension Snapshot.Netpoll {
  package func write(to out: inout ByteWriter) {
    out.number(parked)
    out.number(UInt64(clamping: fds ?? 0))
    out.number(wakeups ?? 0)
    out.number(readied ?? 0)
    out.number(backend.map { UInt64($0.rawValue) })
    out.number(rearms)
    out.number(sysmonPolls)
    out.untold(Self.facts, of: self)
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let parked = body.signed(), let fds = body.number(upTo: plausible), let wakeups = body.number(),
      let readied = body.number()
    else { return false }
    (self.parked, self.fds, self.wakeups, self.readied) = (parked, fds, wakeups, readied)
    if body.isAtEnd { return true }  // older sections end here
    guard let backend = body.optional(), let rearms = body.optional(), let polls = body.optional() else {
      return false
    }
    self.backend = backend.flatMap { UInt8(exactly: $0) }.flatMap { NetpollKind(rawValue: $0) }
    (self.rearms, sysmonPolls) = (rearms, polls)
    return body.untold(Self.facts, of: &self)
  }
}

extension Snapshot.Shortages {
  package func write(to out: inout ByteWriter) {
    for count in [accept, stack, thread, region] { out.number(count) }
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let accept = body.optional(), let stack = body.optional(), let thread = body.optional(),
      let region = body.optional()
    else { return false }
    (self.accept, self.stack, self.thread, self.region) = (accept, stack, thread, region)
    return true
  }
}

extension Snapshot.Trace {
  package func write(to out: inout ByteWriter) {
    out.number(enabled ? 1 as UInt64 : 0)
    for value in [events, lost, bytes] { out.number(value ?? 0) }
    let untold = ByteWriter.untold(Self.facts, of: self)
    guard untold != 0 || (absence ?? Knowledge.untraced) != Knowledge.untraced else { return }
    out.number(untold)
    out.text(absence ?? "")
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let enabled = body.number(), let events = body.number(), let lost = body.number(),
      let bytes = body.number()
    else { return false }
    (self.enabled, self.events, self.lost, self.bytes) = (enabled != 0, events, lost, bytes)
    rings = []
    if body.isAtEnd { return true }  // all of it is known
    guard body.untold(Self.facts, of: &self), let reason = body.text() else { return false }
    if !self.enabled, !reason.isEmpty { absence = reason }
    return true
  }

  mutating func readRing(from body: inout ByteReader) -> Bool {
    guard let lane = body.number(upTo: Lane.highest), let capacity = body.number(upTo: 1 << 24),
      let events = body.number(), let lost = body.number()
    else { return false }
    rings = rings ?? []
    rings?.append(Snapshot.Ring(lane: Lane(number: lane), capacity: capacity, events: events, lost: lost))
    return true
  }
}

extension Snapshot.Ring {
  package func write(to out: inout ByteWriter) {
    out.number(UInt64(lane.number))
    out.number(UInt64(clamping: capacity))
    out.number(events)
    out.number(lost)
  }
}
