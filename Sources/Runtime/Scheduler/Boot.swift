// The boot: what the runtime does before the program's own main. Each step leaves an event in a ring, and its time in
// the region's header, so that viewers can show the step as long as the region exists.
import CMPG
import Glibc
import Region

/// The options of the boot.
public struct Options: Sendable {
  /// How many Ps there are, 1…1024; nil: as many as there are CPUs that the process may use
  /// (`AvailableCPUs`). `setProcs` changes it later.
  public var procs: Int?
  /// Whether events are written to the region's rings. The region's gauges are right either way.
  public var tracing: Bool

  /// Whether a G that runs for too long while other Gs wait is stopped: see Preempt §7.
  public var preemption: Bool
  /// How long a G may run while only worn Gs wait, that is Gs that have used up a turn of this length themselves: 10
  /// ms, as in Go. While a fresh G waits (one that is new or was just made ready), a turn lasts a millisecond at most.
  public var slice = Duration.nanoseconds(RuleNumbers.slice)
  /// The size of a G's stack in KiB, guard included: 32…16,384, rounded up to a power of two. A G that
  /// overflows its stack ends the process with a message.
  public var stackKiB: Int

  /// Whether the scheduler can be held, stepped and slowed from outside (`mpgtop`, docs/control.md), by this user alone.
  public var control: Bool

  /// How netpoll asks the kernel; nil: what `MPG_NETPOLL` says (`epoll` or `io_uring`), else epoll. A backend that is
  /// not available ends the process at boot, with one line.
  public var netpoll: NetpollKind?
  /// The sizes of io_uring's two rings. Tests choose small ones, with which the kernel ends its polls early (Uring §3).
  var rings = RingSizes()

  /// Takes defaults from the environment: `MPG_TRACE=0` (events off), `MPG_PREEMPT=0` (preemption off), `MPG_PROCS=n`,
  /// `MPG_STACK_KIB=n`, `MPG_NETPOLL`, and `MPG_CONTROL=1` (`control`).
  public init(procs: Int? = nil, tracing: Bool? = nil, preemption: Bool? = nil) {
    self.preemption = preemption ?? (Self.environment("MPG_PREEMPT") != "0")
    control = Self.environment("MPG_CONTROL") == "1"
    self.procs = procs ?? Self.environment("MPG_PROCS").flatMap { Int($0) }
    stackKiB = Self.environment("MPG_STACK_KIB").flatMap { Int($0) } ?? 256
    self.tracing = tracing ?? (Self.environment("MPG_TRACE") != "0")
  }

  private static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}

/// Boots scheduler, region and netpoll, and runs `body` as the main G. When `body` returns, exits the process with 0,
/// whatever other Gs still do. Call it once, on the main thread; it never returns.
///
/// An error that leaves `body`, or a lack of memory at boot, ends the process with a line on stderr. Where the region
/// cannot be made, a line says so, and the program runs on without one.
public func main(
  _ options: Options = Options(), file: StaticString = #fileID, function: StaticString = #function,
  line: Int = #line, _ body: sending @escaping () throws -> Void
) -> Never {
  boot(options, file: file, function: function, line: line) {
    try body()
    exit(0)
  }
}

/// Boots on the calling thread, which becomes M0, and runs `body` as the main G.
func boot(
  _ options: Options, file: StaticString = #fileID, function: StaticString = #function, line: Int = #line,
  _ body: sending @escaping () throws -> Void
) -> Never {
  let start = mpg_clock_nanoseconds()
  let cpus = AvailableCPUs.count()
  let procs = options.procs ?? min(cpus, Capacity.ps)
  guard (1...Capacity.ps).contains(procs) else { fatal("\(procs) procs; there can be 1 to \(Capacity.ps)") }
  if mpg_has_forked() { Fork.refuse("MPG.main") }
  guard unsafe schedulerBase == nil else { fatal("MPG.main was called twice") }
  StackSize.set(kibibytes: options.stackKiB)
  makeScheduler(options, procs: procs, cpus: cpus, Backend.choose(options), since: start)
  let sched = sched
  if options.control { ControlThread.prepare(sched.region) }

  let m0 = sched.newM()
  sched.workers = 1
  m0.begin(.running, name: "mpg-m0")
  m0.emit(.boot, detail: BootStep.region.rawValue)
  m0.emit(.boot, detail: BootStep.procs.rawValue)
  m0.acquire(sched.p(0))
  m0.booted(.m0)
  Faults.install()
  Reporter.start()
  ControlThread.start()
  startThreads(by: m0)

  let main = m0.newG(
    {
      enterRuntime("boot").booted(.main)
      leaveRuntime()
      try body()
    }, file, function, line)
  m0.created(main, kind: .main)
  m0.booted(.mainG)
  Outside.open()
  sched.region.header[.state].publish(UInt64(ProcessState.live.rawValue))
  m0.scheduleForever()
}

extension RegionFile {
  /// Keeps the moment of a step in the region's header. The step's event may be overwritten later; the header
  /// is not.
  fileprivate func note(_ step: BootStep) { header[.bootTicks, Int(step.rawValue)].set(Clock.now) }

  /// Keeps the moment at which the boot began, before the region and its clock existed.
  fileprivate func noteStart(nanoseconds start: UInt64) {
    let before = Clock.ticks(nanoseconds: header[.clockNanoseconds0].relaxed &- start)
    header[.bootTicks, 0].set(header[.clockTicks0].relaxed &- before)
  }
}

extension M {
  /// Reports that a step of the boot is done.
  fileprivate func booted(_ step: BootStep) {
    sched.region.note(step)
    emit(.boot, detail: step.rawValue)
  }
}

/// Makes the region, the Ps, and everything else that needs no thread. `start` is the moment at which the
/// boot began, in nanoseconds.
private func makeScheduler(
  _ options: Options, procs: Int, cpus: Int, _ backend: Backend, since start: UInt64
) {
  do throws(SystemError) {
    let region = try RegionFile.create(procs: procs)
    region.noteStart(nanoseconds: start)
    region.tellRuleNumbers(options)
    region.note(.region)
    unsafe runtimeRegion = region
    Fork.install(region)
    unsafe gBlocks = region.gTable
    let table = unsafe try SystemCall.reserve(Capacity.gs * MemoryLayout<GRecord>.stride)
    unsafe gRecords = table.bindMemory(to: GRecord.self, capacity: Capacity.gs)
    region.sched[.tracing].set(options.tracing ? 1 : 0)
    region.sched[.gListed].set(UInt64(RegionFile.slotBatch))
    let record = UnsafeMutablePointer<SchedulerRecord>.allocate(capacity: 1)
    let netpoll = Netpoll(region.sched, backend)
    unsafe record.initialize(
      to: try SchedulerRecord(region: region, options, cpus: cpus, netpoll: netpoll))
    unsafe schedulerBase = record
    sched.makeFirstPs(procs)
    region.note(.procs)
  } catch {
    tell("cannot start: \(error); raise the limit of memory (ulimit -v)")
    exit(1)
  }
  unsafe on_exit(
    { status, _ in
      // A clean exit leaves no file behind. A crash does not come through here. A forked child that exits does, and
      // must leave its parent's file.
      if mpg_is_child() { return }
      unsafe runtimeRegion?.markEnd(.exited, status: UInt64(UInt32(bitPattern: status)))
      unsafe runtimeRegion?.unlinkFile()
      ControlThread.end()
    }, nil)
}

/// Starts sysmon, the gc thread and the netpoll thread, in the order in which study guides name them
/// (docs/teaching.md).
private func startThreads(by m0: M) {
  let sched = sched
  // Make all three Ms before the first of these threads runs: `newM` takes no lock here, and sysmon may ask the gc
  // thread at once, which then makes Ms too.
  let (sysmon, gc, netpoll) = (sched.newM(), sched.newM(), sched.newM())
  Preemption.install(bellOf: sysmon)
  unsafe collectorM = gc
  sched.netpoll.setThread(netpoll)
  unsafe sched.startBootThread(sysmon.raw, sysmonThread)
  m0.booted(.sysmon)
  unsafe sched.startBootThread(gc.raw, gcThread)
  m0.booted(.gc)
  unsafe sched.startBootThread(netpoll.raw, netpollThread)
  m0.booted(.netpoll)
}
