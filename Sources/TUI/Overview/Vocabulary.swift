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

  var style: Style {
    switch self {
    case .running: .busy
    case .spinning, .starting: .eager
    case .parked, .none, .exited: .dim
    case .syscall, .netpoll, .standby, .preemptWait: .waiting
    case .sysmon, .gc: .system
    }
  }
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

  var style: Style {
    switch self {
    case .running: .busy
    case .spinning: .eager
    case .syscall: .waiting
    case .idle, .stopped: .dim
    }
  }
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

  var style: Style {
    switch self {
    case .running, .syscall: .busy
    case .runnable, .preempted: .eager
    case .waiting: .text
    case .idle, .dead: .dim
    }
  }
}

extension WaitReason {
  /// Its name, as filters, JSON and documents have it: `netpollRead`. At most twelve letters.
  var word: String { Self.words[Int(rawValue)] }
  /// Made once: to print a case takes longer than to compare many.
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
  /// The role of its kind: what begins work, what ends it, what goes wrong.
  var style: Style {
    switch kind {
    case .goCreate, .goStart, .goResume, .goSyscallExit: .busy
    case .goReady, .mWake, .mSpin, .mUnspin, .steal, .grqTake, .netpoll, .timers: .eager
    case .goPark, .goSyscall, .goYield, .goExit: .waiting
    case .overflow, .shortage, .retake, .preemptRequest, .goPreempt, .lend, .timerLate, .netpollLate: .alarm
    default: .system
    }
  }
}

extension WaitGroupName {
  /// At most four letters, for narrow screens.
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

  var style: Style {
    switch self {
    case .netpoll: .waiting
    case .chan, .sync, .select: .system
    case .sleep, .signal, .await, .other: .dim
    }
  }
}

/// One part of the live Gs: a state, or a group of reasons for being parked.
struct GShare: Equatable {
  var word: String
  var shortWord: String
  var count: Int
  var style: Style
}

extension Snapshot.Gs {
  /// The parts that add up to the live Gs. `running`, `runnable` and the groups in `always` are there even at
  /// zero.
  func shares(always: [WaitGroupName]) -> [GShare] {
    var result = [
      GShare(word: "running", shortWord: "run", count: running, style: .busy),
      GShare(word: "runnable", shortWord: "rdy", count: runnable, style: .eager),
    ]
    if preempted != 0 {
      result.append(GShare(word: "preempted", shortWord: "pre", count: preempted, style: .eager))
    }
    if syscall != 0 {
      result.append(GShare(word: "in syscalls", shortWord: "sys", count: syscall, style: .busy))
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
