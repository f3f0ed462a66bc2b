// What the arguments of each kind of event are called and mean, in the order in which `TraceEvent.arguments` has them.

/// One argument of a kind of event.
package struct TraceArgument: Sendable, Equatable {
  /// What the number of an argument stands for.
  package enum Role: Sendable {
    /// A plain number.
    case number
    case g, p, m
    /// An id in the tables of the event's generation.
    case string, stack
    /// A number by which the events of one G, or of one P, are put in order, counted from its status in the generation.
    case gSequence, pSequence
    case gState, pState
  }

  /// The argument's name, as exports write it.
  package let name: String
  package let role: Role

  fileprivate init(_ name: String, _ role: Role) { (self.name, self.role) = (name, role) }
}

extension TraceKind {
  /// The names and roles of the arguments that this kind of event has, in their order.
  package var meanings: [TraceArgument] { Self.meanings[Int(rawValue)] }

  private static let meanings: [[TraceArgument]] = {
    var all = [[TraceArgument]](repeating: [], count: 64)
    for kind in allCases { all[Int(kind.rawValue)] = kind.listed }
    return all
  }()

  private static let ofStack = TraceArgument("stack", .stack)
  private static let start = TraceArgument("start", .stack)
  private static let reason = TraceArgument("reason", .string)
  private static let g = TraceArgument("subject_g", .g)
  private static let p = TraceArgument("subject_p", .p)
  private static let m = TraceArgument("subject_m", .m)
  private static let gSequence = TraceArgument("g_sequence", .gSequence)
  private static let pSequence = TraceArgument("p_sequence", .pSequence)
  private static let gState = TraceArgument("state", .gState)
  private static let pState = TraceArgument("state", .pState)
  private static let name = TraceArgument("name", .string)
  private static let task = TraceArgument("task", .number)

  private var listed: [TraceArgument] {
    switch self {
    case .cpuSample, .gcSweepBegin, .gcMarkAssistBegin: [Self.ofStack]
    case .procsChange: [TraceArgument("procs", .number), Self.ofStack]
    case .procStart: [Self.p, Self.pSequence]
    case .procSteal: [Self.p, Self.pSequence, Self.m]
    case .procStatus: [Self.p, Self.pState]
    case .goCreate, .goCreateBlocked: [Self.g, Self.start, Self.ofStack]
    case .goCreateSyscall, .gcMarkAssistActive: [Self.g]
    case .goStart, .goSwitch, .goSwitchDestroy: [Self.g, Self.gSequence]
    case .goStop, .goBlock: [Self.reason, Self.ofStack]
    case .goUnblock: [Self.g, Self.gSequence, Self.ofStack]
    case .goSyscallBegin: [Self.pSequence, Self.ofStack]
    case .goStatus: [Self.g, Self.m, Self.gState]
    case .goStatusStack: [Self.g, Self.m, Self.gState, Self.ofStack]
    case .stwBegin: [TraceArgument("purpose", .string), Self.ofStack]
    case .gcActive, .gcEnd: [TraceArgument("sequence", .number)]
    case .gcBegin: [TraceArgument("sequence", .number), Self.ofStack]
    case .gcSweepActive: [Self.p]
    case .gcSweepEnd: [TraceArgument("swept_bytes", .number), TraceArgument("reclaimed_bytes", .number)]
    case .heapAlloc, .heapGoal: [TraceArgument("bytes", .number)]
    case .goLabel: [TraceArgument("label", .string)]
    case .userTaskBegin: [Self.task, TraceArgument("parent", .number), Self.name, Self.ofStack]
    case .userTaskEnd: [Self.task, Self.ofStack]
    case .userRegionBegin, .userRegionEnd: [Self.task, Self.name, Self.ofStack]
    case .userLog:
      [Self.task, TraceArgument("category", .string), TraceArgument("text", .string), Self.ofStack]
    default: []
    }
  }
}

extension TraceEvent {
  /// The argument at a place; 0: there is none.
  package subscript(argument: Int) -> UInt64 {
    switch argument {
    case 0: arguments.0
    case 1: arguments.1
    case 2: arguments.2
    case 3: arguments.3
    default: 0
    }
  }
}
