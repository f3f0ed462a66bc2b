// The scheduler's words on the screen: a letter, a word and a role for every state.
//
// The letters avoid G, M and P, which stand for goroutines, threads and processors everywhere else.
import Inspector
import Region

extension MState {
  var letter: String {
    switch self {
    case .none: "?"
    case .starting: "+"
    case .running: "R"
    case .spinning: "S"
    case .parked: "z"
    case .syscall: "Y"
    case .netpoll: "N"
    case .standby: "n"
    case .sysmon: "m"
    case .gc: "c"
    case .preemptWait: "k"
    case .exited: "x"
    }
  }

  var word: String {
    switch self {
    case .none: "free"
    case .starting: "starting"
    case .running: "running"
    case .spinning: "spinning"
    case .parked: "parked"
    case .syscall: "syscall"
    case .netpoll: "netpoll"
    case .standby: "standby"
    case .sysmon: "sysmon"
    case .gc: "gc"
    case .preemptWait: "kept"
    case .exited: "exited"
    }
  }

  var meaning: Meaning {
    switch self {
    case .running: .running
    case .spinning: .searching
    case .syscall: .call
    case .preemptWait: .preempted
    case .netpoll, .standby: .outside
    case .sysmon, .gc, .starting: .runtime
    case .parked, .none, .exited: .idle
    }
  }
  var style: Style { meaning.style }
}

extension PStatus {
  var letter: String {
    switch self {
    case .idle: "z"
    case .running: "R"
    case .spinning: "S"
    case .syscall: "Y"
    case .stopped: "x"
    }
  }

  var word: String {
    switch self {
    case .idle: "idle"
    case .running: "running"
    case .spinning: "spinning"
    case .syscall: "syscall"
    case .stopped: "stopped"
    }
  }

  var meaning: Meaning {
    switch self {
    case .running: .running
    case .spinning: .searching
    case .syscall: .call
    case .idle, .stopped: .idle
    }
  }
  var style: Style { meaning.style }
}

extension GState {
  var word: String {
    switch self {
    case .idle: "free"
    case .runnable: "runnable"
    case .running: "running"
    case .syscall: "syscall"
    case .waiting: "parked"
    case .preempted: "preempted"
    case .dead: "dead"
    }
  }

  /// The state's meaning. A waiting G counts as parked: only its reason tells whether it waits for something
  /// outside.
  var meaning: Meaning {
    switch self {
    case .running: .running
    case .runnable: .ready
    case .syscall: .call
    case .preempted: .preempted
    case .waiting: .parked
    case .idle, .dead: .idle
    }
  }
  var style: Style { meaning.style }
}

extension WaitReason {
  /// The reason's name in filters, JSON and documents: `netpollRead`. At most twelve letters.
  var word: String { Self.words[Int(rawValue)] }
  /// The names are made once: printing an enum's case takes longer than many comparisons.
  private static let words = (0..<256).map { WaitReason(rawValue: UInt8($0)).map { "\($0)" } ?? "?" }
}

extension GKind {
  var word: String {
    switch self {
    case .user: "user"
    case .main: "main"
    case .task: "task"
    }
  }
}

extension Event {
  /// The state of the event's G, P or M from the event on.
  var meaning: Meaning {
    switch kind {
    case .goStart, .goResume, .cpuSample: .running
    case .goSyscallExit: detail == 0 ? .ready : .running
    case .goCreate, .goReady, .goYield, .steal, .grqTake, .timers, .takeUp: .ready
    case .mSpin, .mUnspin: .searching
    case .goSyscall, .retake: .call
    case .preemptRequest, .goPreempt, .lend: .preempted
    case .goPark: reason?.group.meaning ?? .parked
    case .netpoll, .netpollStandby: .outside
    case .goExit, .procStart, .procStop, .procRetire, .mStart, .mPark, .mEnd, .mWake: .idle
    case .overflow, .shortage, .goSetAside, .timerLate, .netpollLate: .wrong
    case .boot, .gcStart, .gcEnd, .procsChange, .goLabel, .nextStolen, .log, nil: .runtime
    }
  }
  var style: Style { meaning.style }
}

extension WaitGroupName {
  /// A name of at most four letters, for narrow screens.
  var shortWord: String {
    switch self {
    case .netpoll: "net"
    case .chan: "chan"
    case .sleep: "slp"
    case .sync: "sync"
    case .select: "sel"
    case .signal: "sig"
    case .await: "awt"
    case .other: "oth"
    }
  }

  var meaning: Meaning {
    switch self {
    case .netpoll, .signal: .outside
    case .chan, .sync, .select, .sleep, .await, .other: .parked
    }
  }
  var style: Style { meaning.style }
}

/// One part of the live Gs: a state, or a group of reasons for being parked.
struct GShare: Equatable {
  var word: String
  var shortWord: String
  var count: Int
  var style: Style
}

extension Snapshot.Gs {
  /// The parts that add up to the live Gs. `running`, `runnable` and the groups in `always` are listed even
  /// at zero.
  func shares(always: [WaitGroupName]) -> [GShare] {
    var result = [
      GShare(word: "running", shortWord: "run", count: running, style: GState.running.style),
      GShare(word: "runnable", shortWord: "rdy", count: runnable, style: GState.runnable.style),
    ]
    if preempted != 0 {
      result.append(
        GShare(word: "preempted", shortWord: "pre", count: preempted, style: GState.preempted.style))
    }
    if syscall != 0 {
      result.append(
        GShare(word: "in syscalls", shortWord: "sys", count: syscall, style: GState.syscall.style))
    }
    for group in WaitGroupName.allCases {
      let count = waiting(in: group)
      if count == 0 && !always.contains(group) { continue }
      result.append(
        GShare(word: group.rawValue, shortWord: group.shortWord, count: count, style: group.style))
    }
    return result
  }
}
