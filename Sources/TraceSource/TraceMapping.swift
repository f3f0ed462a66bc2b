// How a Go trace becomes a history of ours: which event of Go's is which of ours, and what a trace does not tell.
//
// §1 Moves of Gs. Go's events say what a G does in nearly our words, so most are one record of ours:
//
//     procStart, procStop            procStart, procStop
//     procSteal                      retake: the P of a thread in a system call is taken. No G of a queue is stolen, so it
//                                    is no `steal` of ours
//     procsChange                    procsChange, when it is another number than before
//     goCreate                       goCreate
//     goStart                        goStart, with how long the G was ready, and what it waited for before
//     goStop "preempted"             goPreempt; any other word: goYield
//     goBlock                        goPark, by a reason of ours (TraceReasons)
//     goUnblock                      goReady, by the G that ended the wait; by none for the poller and for timers
//     goSyscallBegin                 goSyscall
//     goSyscallEnd, …EndBlocked      goSyscallExit: the P was kept; or lost, and the G is ready
//     goDestroy                      goExit
//     goSwitch, goSwitchDestroy      goReady of the coroutine; the reader gives the other parts as events of their own
//     gcBegin, gcEnd                 gcStart, gcEnd
//     stw…, gcMarkAssist…, gcSweep…  no record: a stretch that the collector took (CollectorRange)
//     heapAlloc, heapGoal            no record: the size of the heap (HeapSize), of each millisecond the last
//     goLabel                        no record: a label of the G (StackBook). Go itself labels the collector's workers only
//     userLog                        log, with the text and the task
//     cpuSample                      cpuSample, with the function and the stack
//     userTask…, userRegion…         goLabel (TraceSpans)
//     goStatus…, procStatus          no record: what was there before the trace is in the keyframes (§3)
//
// §2 Gs that begin in the middle of their lives. A coroutine is made waiting, and a G for a call from C is made in a system
// call. Our Gs begin ready, so such a G gets three records of one moment: created, started, and parked or in a call. It is no
// time ready or running. They lie in the lane of the thread, and leave its P alone; those of a coroutine name no thread.
//
// §3 What was there before. In the first generation, and after a gap, Go tells the state of each G and P somewhere in the
// generation, before their first event there, or at its end. They were so from its beginning on, or an event would have said
// otherwise. So all keyframes since its beginning get them (SegmentBuilder), and the screens have them from the first moment.
//
// §4 What is not told, and is nil on every screen: the depths of the queues (a trace says that a G is ready, and not whether it
// stands on an LRQ or the GRQ), steals, attempts to steal, searching, timers, descriptors, wake-ups of the poller. All counters
// begin with the trace. Events of experiments are read over.
import GoTrace
import History
import Observed
import Region

/// Makes records of the events of a trace, and keeps what is known of the Gs that live.
struct TraceMapping {
  /// A G that lives.
  struct LiveG {
    var id: UInt64
    var state: TraceGoState
    /// Since when it is in that state.
    var since: UInt64
    /// The number of its last move.
    var count: UInt32 = 0
    /// The reason for which it waits, or waited last before it became ready.
    var reason = WaitReason.none
    /// Where it was spawned, as a string id.
    var entry: UInt32 = 0
    var parent: UInt64 = 0
    /// The P that it ran on last, plus 1.
    var p: UInt64 = 0
    var created: UInt64 = 0
    /// Whether it was in this state before `since`.
    var isOlder = false
  }

  /// The Gs that live, by the reader's place for each.
  var gs: [LiveG?] = []
  var builder: SegmentBuilder
  var names = TraceNames()
  var reasons = TraceReasons()
  var spans = TraceSpans()
  /// Our numbers for threads, by the system's.
  private var threads: [UInt64: UInt16] = [:]
  private var lastThread: (id: UInt64, m: UInt16)?
  /// Our numbers of the threads that are among the Ms.
  private var shownThreads: Set<UInt16> = []
  /// Whether the number of Ps has been told.
  private var isProcsKnown = false
  /// Since when each G assists the collector, and since when the world stands still.
  private var assists: [UInt64: UInt64] = [:]
  private var stop: UInt64?
  /// Since when each P sweeps.
  private var sweeps: [Int: UInt64] = [:]

  /// The M of records that name none. No thread gets this number.
  static let noM = UInt16.max

  init(_ builder: SegmentBuilder) { self.builder = builder }

  /// Forgets all Gs: after a gap nothing holds that was known before.
  ///
  /// - Parameter withThreads: also which threads there are. A thread that is seen again has the number that it had.
  mutating func forget(withThreads: Bool = false) {
    gs = []
    if withThreads {
      (shownThreads, lastThread, isProcsKnown) = ([], nil, false)
      names.first = [:]
    }
    spans = TraceSpans()
    (assists, stop, sweeps) = ([:], nil, [:])
    builder.forgetHeap()
  }

  /// A new generation: ids of strings and stacks mean others now.
  mutating func begin(_ generation: UInt64) {
    names.forgetIDs()
    reasons.forgetIDs()
  }

  // MARK: one event

  /// Takes the next event of the trace.
  mutating func take(_ event: TraceEvent, _ tables: TraceTables) {
    if event.isOutOfOrder { builder.noteMisfit() }
    let context = Context(
      time: UInt64(clamping: event.time), m: event.m.map { thread($0, event) }, p: event.p, g: event.g ?? 0)
    builder.time = context.time
    let arguments = event.arguments
    switch event.kind {
    case .goStart: start(event, context)
    case .goBlock:
      let reason = reasons.reason(arguments.0, stack: arguments.1, tables)
      stop(event, context, .goPark, .waiting, stack: arguments.1, reason, tables)
    case .goStop:
      let isPreempted = reasons.isPreemption(arguments.0, tables)
      stop(event, context, isPreempted ? .goPreempt : .goYield, .runnable, stack: arguments.1, .none, tables)
    case .goUnblock: ready(event, context, stack: arguments.2, tables)
    case .goSwitch, .goSwitchDestroy: ready(event, context, stack: 0, tables)
    case .goSyscallBegin: stop(event, context, .goSyscall, .syscall, stack: arguments.1, .none, tables)
    case .goSyscallEnd, .goSyscallEndBlocked: leaveCall(event, context)
    case .goDestroy: exit(event, context)
    case .goDestroySyscall: exitInCall(event, context)
    case .goCreate, .goCreateBlocked, .goCreateSyscall: create(event, context, tables)
    case .goStatus, .goStatusStack: introduceG(event, context, tables)
    case .procStart, .procStop, .procSteal, .procStatus, .procsChange: change(event, context)
    case .gcBegin, .gcEnd: collect(event.kind == .gcBegin, context)
    case .stwBegin, .stwEnd, .gcMarkAssistBegin, .gcMarkAssistEnd, .gcSweepBegin, .gcSweepEnd:
      hold(event.kind, context)
    case .heapAlloc: builder.noteHeap(live: arguments.0)
    case .heapGoal: builder.noteHeap(goal: arguments.0)
    case .userLog, .cpuSample, .goLabel: note(event, context, tables)
    case .userTaskBegin, .userTaskEnd, .userRegionBegin, .userRegionEnd: label(event, context, tables)
    default: break
    }
  }

  /// Where an event happened.
  struct Context {
    var time: UInt64
    /// Our number of the thread; nil: none.
    var m: UInt16?
    var p: Int?
    /// The G that the thread ran; 0: none.
    var g: UInt64

    /// The lane of the event: its P's, or that of a thread without one.
    var lane: Lane { p.map { .p($0) } ?? threadLane }
    var threadLane: Lane { .m(Int(m ?? TraceMapping.noM)) }
    var record: UInt16 { m ?? TraceMapping.noM }
  }

  /// Our number of a thread. A thread that is seen for the first time is added to the Ms: nobody knows when it began.
  private mutating func thread(_ id: UInt64, _ event: TraceEvent) -> UInt16 {
    if let lastThread, lastThread.id == id { return lastThread.m }
    let known = threads[id]
    if let known, shownThreads.contains(known) {
      lastThread = (id, known)
      return known
    }
    guard known != nil || threads.count < Int(Self.noM) else { return Self.noM }
    let m = known ?? UInt16(threads.count)
    threads[id] = m
    shownThreads.insert(m)
    var row = Snapshot.M()
    (row.id, row.tid) = (Int(m), Int32(exactly: id))
    (row.p, row.g) = (event.p, event.g)
    row.state = event.p == nil ? .parked : .running
    builder.introduce(row)
    return m
  }

  // MARK: Ps and the collector

  private mutating func change(_ event: TraceEvent, _ context: Context) {
    let (time, m, argument) = (context.time, context.record, event.arguments.0)
    let id = UInt32(clamping: argument)
    switch event.kind {
    case .procStart:
      builder.add(Record(.procStart, time: time, m: m, count: id), on: .p(Int(id)))
    case .procStop:
      guard let p = context.p else { return }
      builder.add(Record(.procStop, time: time, m: m, count: UInt32(clamping: p)), on: .p(p))
    case .procSteal:
      let victim = event.arguments.2
      let other = victim == .max ? Self.noM : threads[victim] ?? Self.noM
      builder.add(Record(.retake, time: time, m: m, count: id, arg: UInt64(other)), on: .p(Int(id)))
    case .procStatus:
      guard let state = TraceProcState(rawValue: UInt8(clamping: event.arguments.1)) else { return }
      builder.introduce(
        p: Int(id), state, m: state == .idle || state == .abandoned ? nil : context.m, at: time)
    default:
      let before = builder.procs
      guard isProcsKnown, UInt64(before) != argument else {
        isProcsKnown = true
        return builder.tell(procs: Int(clamping: argument))
      }
      let record = Record(.procsChange, time: time, m: m, count: id, arg: UInt64(before))
      builder.add(record, on: context.lane)
    }
  }

  private mutating func collect(_ begins: Bool, _ context: Context) {
    builder.add(Record(begins ? .gcStart : .gcEnd, time: context.time, m: context.record), on: context.lane)
  }

  /// Something begins or ends that holds the program up. What began before the trace is not counted.
  private mutating func hold(_ kind: TraceKind, _ context: Context) {
    switch kind {
    case .stwBegin: stop = context.time
    case .gcMarkAssistBegin: assists[context.g] = context.time
    case .stwEnd:
      if let stop { builder.add(CollectorRange(.stop, begin: stop, end: context.time, g: context.g)) }
      stop = nil
    case .gcSweepBegin: if let p = context.p { sweeps[p] = context.time }
    case .gcSweepEnd:
      guard let begin = context.p.flatMap({ sweeps.removeValue(forKey: $0) }) else { return }
      builder.add(CollectorRange(.sweep, begin: begin, end: context.time, g: context.g))
    default:
      guard let begin = assists.removeValue(forKey: context.g) else { return }
      builder.add(CollectorRange(.assist, begin: begin, end: context.time, g: context.g))
    }
  }
}
