// A Go program as a source (SchedulerSource): its scheduler, as samples.
//
// Everything is read from the program's memory, without stopping it. So a snapshot of a living program is spread over the time
// that reading takes, and is not of one instant (`isConsistent` is false). What Go does not count is nil: steals above all.
internal import Glibc
import Host
import Observed
import Region

/// Observes one Go program. It only reads: nothing of the program is stopped, signalled or written.
///
/// Not thread-safe: use it from one thread at a time. It keeps a thread of its own for the looks at the queues.
public final class GoSource: SchedulerSource {
  /// The program that is observed.
  public let program: GoProgram
  /// The identity of the observed process.
  public let identity: Snapshot.Target
  package let threads: ThreadPlaces?
  /// The reason why the last call of `ending` could not tell whether the program lives; nil: it could tell.
  public private(set) var doubt: InspectorError?

  /// Which program the process runs; nil: the process is dead, and has left a core.
  private let image: ProgramImage?
  /// The core that a dead process has left; nil: the process lives.
  let core: GoCore?
  /// The loop of looks at the queues; nil: the program is dead, and nothing moves in its core.
  private let loop: FastLoop?
  private var fast: FastReader
  private var machines: MachineReader
  private(set) var goroutines: GoroutineReader
  private var ticks = Ticks()
  private var calls = Ticks()
  private var names: Names
  private var frame: FrameFields
  /// The reader of the descriptors for which Gs wait; nil: the process is dead, so the kernel no longer tells its
  /// descriptors.
  private var poll: PollReader?
  /// The reader of stacks for screens. It is made when stacks are first asked for.
  var desk: StackDesk?
  private var last: Observation?
  /// For each closure with which an M began: whether it is that of the runtime's monitor thread.
  private var monitors: [UInt64: Bool] = [:]

  /// Attaches to a process.
  ///
  /// - Parameter interval: how far apart two looks at the queues are, in nanoseconds; by default so little that peaks of some
  ///   milliseconds are seen.
  /// - Throws: an error if there is no such process, if its memory may not be read, if Go did not build it, or if its
  ///   scheduler is not understood; the error says which.
  public convenience init(
    pid: Int32, lookingEvery interval: UInt64 = 2_000_000
  ) throws(InspectorError) {
    let process: ProcessIdentity
    switch ProcessIdentity.look(for: pid) {
    case .process(let found): process = found
    case .nobody: throw .noSuchProcess(pid: pid)
    case .unknown(let error): throw .unknownWhetherAlive(pid: pid, error)
    }
    let name = ProcessFacts.executableName(of: pid) ?? ProcessIdentity.name(of: pid) ?? ""
    let image = ProgramImage(process)
    let program: GoProgram
    do throws(GoRefusal) {
      program = try GoProgram(pid: pid)
    } catch {
      throw InspectorError(error, pid: pid, name: name)
    }
    let identity = Snapshot.Target(pid: pid, name: name, bootTime: ProcessFacts.beginning(of: process))
    self.init(program, identity, image: image, core: nil, lookingEvery: interval)
  }

  init(
    _ program: GoProgram, _ identity: Snapshot.Target, image: ProgramImage?, core: GoCore?,
    lookingEvery interval: UInt64 = FastLoop.interval
  ) {
    (self.program, self.identity, self.image, self.core) = (program, identity, image, core)
    let (memory, layout, variables) = (program.memory, program.layout, program.variables)
    // Ms name their threads by the numbers of the program's own pid namespace, which may be other numbers than ours.
    threads = image.map { image in
      let number = NamespaceNumbers.last(of: "/proc/\(image.process.pid)/status")
      return ThreadPlaces(pid: image.process.pid, isForeign: number.map { $0 != image.process.pid } ?? false)
    }
    (fast, machines) = (FastReader(program), MachineReader(memory, layout, variables))
    let tables = program.tables
    goroutines = GoroutineReader(memory, layout, variables) { tables.isSystem(start: $0) }
    (names, frame) = (Names(program), FrameFields(program))
    (poll, loop) = image == nil ? (nil, nil) : (PollReader(program), FastLoop(program, every: interval))
  }

  /// All gauges of the scheduler at about this moment.
  ///
  /// - Parameter peaksSince: the moment from which on the largest depths of queues count, in monotonic nanoseconds, at most
  ///   some seconds back; nil: a second ago.
  /// - Throws: an error if the program's memory cannot be read any more.
  public func snapshot(peaksSince start: UInt64? = nil) throws(InspectorError) -> Snapshot {
    var observation = Observation()
    try observe(peaksSince: start, into: &observation)
    return observation.snapshot
  }

  // MARK: as a source

  package var knowledge: Knowledge {
    Knowledge(
      gauges: core == nil ? .sampled : .exact, absenceOfEvents: Self.absence, listsGs: true, hasStacks: true,
      beyond: Self.beyond)
  }

  /// What memory does not tell, and what would tell it.
  static let beyond =
    "What happened before, who will end a wait, and who holds a lock is in no memory that can be read from outside. An "
    + "execution trace tells who woke whom (import net/http/pprof, then /debug/pprof/trace?seconds=5 and go tool trace); the "
    + "mutex profile tells whose unlocking others waited for (/debug/pprof/mutex)."

  /// The reason why there are no events.
  static let absence = "no events: a Go program keeps none that can be read from outside"

  package var reasons: [WaitReason?] { WaitReason.all }
  package var grownNames: StringBook? { names.book }

  package func observe(
    peaksSince start: UInt64?, into observation: inout Observation
  ) throws(InspectorError) {
    let looked = Result { () throws(MemoryProblem) in try look(peaksSince: start) }
    // If the process has ended or runs another program now, what was read is not this program's, and the last
    // observation is given again.
    if let image, let end = try? image.ending() {
      if let last { observation = last } else { throw .gone(pid: identity.pid, end) }
      return
    }
    do throws(MemoryProblem) {
      observation = try looked.get()
      last = observation
    } catch {
      // When a process ends, its memory is gone a moment before the kernel reports the end.
      if error == .gone, image != nil {
        guard let last else { throw .gone(pid: identity.pid, ProgramImage.end) }
        observation = last
        return
      }
      throw InspectorError(.memory(error), pid: identity.pid, name: identity.name)
    }
  }

  package func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double { 0 }

  package func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks? {
    guard let sums = loop?.sums(since: start) else { return nil }
    return sums.looks == 0 ? nil : QueuePeaks(grq: sums.grq.peak, lrq: sums.lrqs.map(\.peak))
  }

  package func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    let looks = (try? look()) ?? goroutines.gs
    // If the program has ended, the Gs of the last look are listed. If another program replaced it, that look may
    // have read the other program's memory, so there is no list.
    if image?.isReplaced ?? false { return nil }
    let waiting = looks.count {
      !$0.isDead && $0.status == 4 && program.reasons[$0.reason] == "IO wait"
    }
    poll?.look(waiting: waiting, at: monotonicNow())
    var rows: [GoroutineRow] = []
    for look in looks where !look.isDead && !look.isSystem {
      guard rows.count < GoroutineList.most else { break }
      if let row = row(look) { rows.append(row) }
    }
    return rows
  }

  /// Reads all Gs of the program now, dead ones too.
  func look() throws(InspectorError) -> [GoroutineLook] {
    try reading { () throws(MemoryProblem) in try goroutines.read(at: monotonicNow()) }
    return goroutines.gs
  }

  /// Reads the addresses of all Gs of the program now.
  func addresses() throws(InspectorError) -> [UInt64] {
    try reading { () throws(MemoryProblem) in try goroutines.addresses() }
  }

  private func reading<Value>(_ body: () throws(MemoryProblem) -> Value) throws(InspectorError) -> Value {
    do throws(MemoryProblem) {
      return try body()
    } catch {
      try stillThere()
      if error == .gone, image != nil { throw .gone(pid: identity.pid, ProgramImage.end) }
      throw InspectorError(.memory(error), pid: identity.pid, name: identity.name)
    }
  }

  /// - Throws: how the program ended, if it has ended: then what was just read may be another program's.
  func stillThere() throws(InspectorError) {
    if let image, let end = try? image.ending() { throw .gone(pid: identity.pid, end) }
  }

  /// Reads all Ms of the program now.
  func machinesNow() throws(InspectorError) -> [MachineLook] {
    do throws(MemoryProblem) {
      return try machines.read()
    } catch {
      throw InspectorError(.memory(error), pid: identity.pid, name: identity.name)
    }
  }

  private func row(_ look: GoroutineLook) -> GoroutineRow? {
    guard let state = GState(status: look.status) else { return nil }
    let reason = state == .waiting ? WaitReason(word: program.reasons[look.reason]) : .none
    let kind: GKind = look.id == 1 ? .main : .user
    var row = GoroutineRow(
      id: look.id, state: state, reason: reason, kind: kind, since: core == nil ? look.since : 0,
      entry: look.id == 1 ? 0 : names.id(ofCreator: look.creator, start: look.start), parent: look.parent)
    if reason == .netpollRead, let wait = poll?.waits[look.address] {
      row.waitingOn = UInt64(wait.descriptor) + 1
      if wait.isWriting { row.reason = .netpollWrite }
    }
    if state == .waiting { row.word = names.id(of: program.reasons[look.reason]) ?? 0 }
    row.isOlder = true
    return row
  }

  package func ending() throws(InspectorError) -> TargetEnding? {
    doubt = nil
    guard let image else { return core?.ending }
    do throws(SystemCallError) {
      return try image.ending()
    } catch {
      doubt = .unknownWhetherAlive(pid: identity.pid, error)
      return nil
    }
  }

  package func lastWord() throws(InspectorError) -> TargetEnding? { nil }

  package func successor() throws(InspectorError) -> (any SchedulerSource)? {
    let others = GoProcess.all().filter { $0.name == identity.name && $0.pid != identity.pid }
    guard let next = others.max(by: { $0.bootTime < $1.bootTime }) else { return nil }
    return try GoSource(pid: next.pid)
  }
}

extension GoSource {
  /// Reads all gauges of the program once.
  private func look(peaksSince start: UInt64?) throws(MemoryProblem) -> Observation {
    let now = monotonicNow()
    try fast.read()
    let ms = try machines.read()
    try goroutines.read(at: now)
    var snapshot = Snapshot(target: identity)
    // All that is in a core is of one instant.
    (snapshot.time, snapshot.isConsistent) = (now, core != nil)
    fill(&snapshot, machines: ms)
    let sums = loop?.sums(since: start ?? now - min(now, QueuePeaks.window)) ?? LookSums()
    fill(&snapshot, sums)
    try frame.fill(&snapshot, fast.look)
    snapshot.sampled?.looks = loop == nil ? nil : sums.looks
    snapshot.sampled?.lookTime = loop?.cost
    snapshot.sampled?.grqMean = sums.mean(sums.grq)
    let census = Census(goroutines.gs, program.reasons)
    snapshot.gs.running = census.gs.running
    (snapshot.gs.runnable, snapshot.gs.preempted) = (census.gs.runnable, census.gs.preempted)
    (snapshot.gs.syscall, snapshot.gs.waiting) = (census.gs.syscall, census.gs.waiting)
    snapshot.sampled?.waits = census.words
    snapshot.sampled?.systemGs = census.system
    snapshot.netpoll.parked = census.polled
    (snapshot.netpoll.backend, snapshot.netpoll.fds) = (.epoll, poll?.descriptors)
    snapshot.trace.absence = Self.absence
    var observation = Observation()
    (observation.snapshot, observation.names) = (snapshot, names.book)
    return observation
  }

  private func fill(_ snapshot: inout Snapshot, machines ms: [MachineLook]) {
    let ps = fast.look.ps
    let places = Dictionary(ps.enumerated().map { ($1.address, $0) }) { first, _ in first }
    let ids = Dictionary(ms.map { ($0.address, $0) }) { first, _ in first }
    for m in ms where monitors[m.start] == nil { monitors[m.start] = program.isMonitor(closure: m.start) }
    let states = MachineStates(
      isMonitor: { [monitors] in monitors[$0] ?? false },
      status: { [goroutines] in goroutines.g(at: $0)?.status }, isPolled: fast.look.isPolled)
    let words = states.states(of: ms)
    snapshot.ms = zip(ms, words).map { m, state in
      var row = Snapshot.M()
      (row.id, row.tid, row.state) = (m.id, m.tid == 0 ? nil : m.tid, state)
      row.p = m.p == 0 ? nil : places[m.p]
      row.g = goroutines.g(at: m.g != 0 ? m.g : m.lockedG).flatMap { $0.isDead ? nil : $0.id }
      if m.lockedG != 0, let g = goroutines.g(at: m.lockedG), !g.isDead, !g.isSystem {
        (row.locked, row.isLockedBusy) = (g.id, g.status == 1 || g.status == 2 || g.status == 9)
      }
      row.callsToC = m.callsToC
      return row
    }.sorted { $0.id < $1.id }
    snapshot.procs = ps.count
    snapshot.ps = ps.enumerated().map { index, p in row(index, p, ids[p.m]) }
    let here = Set(ps.map(\.address))
    var retired = Snapshot.Retired()
    let others = ticks.others(than: here)
    (retired.ps, retired.ticks) = (others.count, others.sum)
    snapshot.retired = retired
    snapshot.switches = snapshot.total(\.ticks, \.ticks)
  }

  private func row(_ index: Int, _ p: FastLook.P, _ m: MachineLook?) -> Snapshot.P {
    var row = Snapshot.P()
    let g = m.flatMap { $0.g == 0 ? nil : goroutines.g(at: $0.g) }
    (row.id, row.m) = (index, m?.id)
    row.status = Self.status(p, m, g)
    if let g, !g.isDead, row.status == .running || row.status == .syscall {
      (row.g, row.entry) = (g.id, g.id == 1 ? nil : names.text(ofCreator: g.creator, start: g.start))
    }
    (row.lrq, row.runnext) = (p.depth, p.next != 0)
    row.ticks = ticks.total(p.address, p.schedtick)
    row.calls = calls.total(p.address, p.syscalltick)
    return row
  }

  /// From Go 1.26 on a P has no status of its own while its M is in a system call: only the status of the G tells.
  private static func status(_ p: FastLook.P, _ m: MachineLook?, _ g: GoroutineLook?) -> PStatus {
    switch p.status {
    case 0: .idle
    case 1: g?.status == 3 ? .syscall : m?.isSpinning == true ? .spinning : .running
    case 2: .syscall
    default: .stopped
    }
  }

  private func fill(_ snapshot: inout Snapshot, _ sums: LookSums) {
    snapshot.grq = fast.look.grq
    guard sums.looks > 0 else { return }
    snapshot.grqMax = max(sums.grq.peak, fast.look.grq)
    for index in snapshot.ps.indices where index < sums.lrqs.count {
      snapshot.ps[index].lrqMean = sums.mean(sums.lrqs[index])
      snapshot.ps[index].lrqMax = max(sums.lrqs[index].peak, snapshot.ps[index].lrq ?? 0)
    }
  }
}
