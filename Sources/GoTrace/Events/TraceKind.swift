// The kinds of events of Go's execution traces, version 2, by their numbers on the wire, and how many arguments each has.

/// What happened, or, for the first eight, what a batch contains. The raw value is the event's number on the wire.
///
/// In the comments the arguments of an event (``TraceEvent/arguments``) stand behind the colon, in their order. Arguments that
/// name a string or a stack are ids in the tables of the event's generation (``TraceTables``).
public enum TraceKind: UInt8, Sendable, CaseIterable {
  /// Structure of the file; no event has these kinds, but for `cpuSample`.
  case eventBatch = 1
  case stacks, stack, strings, string, cpuSamples
  /// The CPU profiler's signal found a thread here: stack.
  case cpuSample
  case frequency
  /// GOMAXPROCS is this: number, stack.
  case procsChange
  /// The thread takes a P: P, sequence.
  case procStart
  /// The thread gives its P up.
  case procStop
  /// A thread takes the P of a thread that is in a system call: P, sequence, the other thread. No G of a run queue is stolen.
  case procSteal
  /// The P is in this state (``TraceProcState``) now, as the generation begins: P, state.
  case procStatus
  /// The thread's G makes a G, which is runnable: new G, stack with which it begins, stack.
  case goCreate
  /// A thread of C calls Go. A G is made for the call, and is in a system call at first. Argument: new G.
  case goCreateSyscall
  /// The thread runs the G from here: G, sequence.
  case goStart
  /// The thread's G ends.
  case goDestroy
  /// The G of a thread of C ends, in a system call.
  case goDestroySyscall
  /// The thread's G stops running, but stays runnable. Arguments: reason, stack.
  case goStop
  /// The thread's G waits: reason, stack.
  case goBlock
  /// A G that waited is runnable: G, sequence, stack.
  case goUnblock
  /// The thread's G begins a system call: sequence of the P, stack.
  case goSyscallBegin
  /// The system call is over, and the P was not lost.
  case goSyscallEnd
  /// The system call is over, and the P was lost, so that the G is runnable.
  case goSyscallEndBlocked
  /// The G is in this state (``TraceGoState``), as the generation begins: G, thread, state.
  case goStatus
  /// The world is being stopped: purpose, stack.
  case stwBegin
  /// The world is started again.
  case stwEnd
  /// The garbage collector marks, as the generation begins: sequence.
  case gcActive
  /// The garbage collector begins to mark: sequence, stack.
  case gcBegin
  /// The garbage collector has marked all: sequence.
  case gcEnd
  /// A P sweeps, as the generation begins: P.
  case gcSweepActive
  /// The thread's P begins to sweep: stack.
  case gcSweepBegin
  /// The thread's P has swept: bytes swept, bytes reclaimed.
  case gcSweepEnd
  /// A G assists the marking, as the generation begins: G.
  case gcMarkAssistActive
  /// The thread's G must assist the marking before it may go on allocating. Argument: stack.
  case gcMarkAssistBegin
  /// The thread's G has assisted the marking enough, and goes on allocating.
  case gcMarkAssistEnd
  /// The live heap has this size: bytes.
  case heapAlloc
  /// The collector aims at a heap of this size: bytes.
  case heapGoal
  /// The thread's G has this label from here: string.
  case goLabel
  /// A user's task begins: task, its parent, name, stack.
  case userTaskBegin
  /// A user's task ends: task, stack.
  case userTaskEnd
  /// A user's region begins on the thread's G: task, name, stack.
  case userRegionBegin
  /// A user's region ends on the thread's G: task, name, stack.
  case userRegionEnd
  /// The program logs something: task, category, text, stack.
  case userLog
  /// The thread's G hands the thread to a coroutine, and waits: G, sequence. The events of its parts follow, see
  /// ``TraceEvent/isDerived``.
  case goSwitch
  /// The thread's G hands the thread to a coroutine, and ends: G, sequence.
  case goSwitchDestroy
  /// The thread's G makes a coroutine, which waits: new G, stack with which it begins, stack.
  case goCreateBlocked
  /// Like `goStatus`, with a stack: G, thread, state, stack.
  case goStatusStack
  case experimentalBatch, sync, clockSnapshot, endOfGeneration

  /// How many arguments an event of a thread has after its time; nil: no thread writes such events.
  ///
  /// - Parameter raw: the number on the wire, which may be of an experiment.
  @inline(__always)
  static func argumentCount(_ raw: UInt8) -> Int? {
    let count = raw < 64 ? counts[Int(raw)] : experimental(raw)
    return count < 0 ? nil : count
  }

  /// How many arguments an event of Go's experiment with allocations has; −1: there is no such event. Its numbers,
  /// from 128 on, say of a span, an object or a stack that it exists, was allocated or was freed.
  private static func experimental(_ raw: UInt8) -> Int {
    switch raw {
    case 128, 129: 3
    case 131, 132, 134, 135: 2
    case 130, 133, 136: 1
    default: -1
    }
  }

  /// Whether a number is one of the experiments', whose events are skipped.
  static func isExperimental(_ raw: UInt8) -> Bool { raw >= 128 }

  private static let counts: [Int] = {
    var counts = [Int](repeating: -1, count: 64)
    let known: [(TraceKind, Int)] = [
      (.procsChange, 2), (.procStart, 2), (.procStop, 0), (.procSteal, 3), (.procStatus, 2), (.goCreate, 3),
      (.goCreateSyscall, 1), (.goStart, 2), (.goDestroy, 0), (.goDestroySyscall, 0), (.goStop, 2),
      (.goBlock, 2),
      (.goUnblock, 3), (.goSyscallBegin, 2), (.goSyscallEnd, 0), (.goSyscallEndBlocked, 0), (.goStatus, 3),
      (.stwBegin, 2), (.stwEnd, 0), (.gcActive, 1), (.gcBegin, 2), (.gcEnd, 1), (.gcSweepActive, 1),
      (.gcSweepBegin, 1), (.gcSweepEnd, 2), (.gcMarkAssistActive, 1), (.gcMarkAssistBegin, 1),
      (.gcMarkAssistEnd, 0), (.heapAlloc, 1), (.heapGoal, 1), (.goLabel, 1), (.userTaskBegin, 4),
      (.userTaskEnd, 2), (.userRegionBegin, 3), (.userRegionEnd, 3), (.userLog, 4), (.goSwitch, 2),
      (.goSwitchDestroy, 2), (.goCreateBlocked, 3), (.goStatusStack, 4),
    ]
    for (kind, count) in known { counts[Int(kind.rawValue)] = count }
    return counts
  }()
}

/// The state of a G, by its number on the wire.
public enum TraceGoState: UInt8, Sendable {
  case runnable = 1
  case running, syscall, waiting
}

/// The state of a P, by its number on the wire.
public enum TraceProcState: UInt8, Sendable {
  case running = 1
  case idle, syscall
  /// The P was in a system call, and its thread is not known any more.
  case abandoned
}
