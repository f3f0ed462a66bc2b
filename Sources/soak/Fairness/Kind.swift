// The mix: the kinds of Gs that run beside each other, and how phases are drawn from a seed. The Go program of the same mix
// (scripts/go/fairness/main.go) draws the same numbers in the same order, so that both sides of a comparison do the same.
import ArgumentParser

/// The activity that a G of the mix repeats.
enum Kind: Int, CaseIterable, Sendable {
  /// Computes and never yields.
  case compute
  /// Computes for a moment, then yields.
  case yield
  /// Computes, then makes a short system call in `blocking`.
  case call
  /// Makes long system calls in `blocking`.
  case longCall
  /// Two Gs hand a value to and fro over channels, and compute in between.
  case handOver
  /// Prints lines, which takes a lock of libc.
  case print
  /// Allocates memory, and frees memory that other Gs have allocated, which takes another lock of libc than `print` does.
  case allocate
  /// Locks a mutex of the runtime for a moment.
  case lock
  case sleep
  /// Waits for a timer of the kernel (timerfd) by netpoll.
  case timer
  /// Reads what another G writes to a socket.
  case socket
  /// Reads what another process writes to a pipe.
  case pipe

  /// The name of the entry point of this kind's Gs, by which the watcher recognises them.
  var entry: StaticString {
    switch self {
    case .compute: "compute"
    case .yield: "yield"
    case .call: "call"
    case .longCall: "longCall"
    case .handOver: "handOver"
    case .print: "print"
    case .allocate: "allocate"
    case .lock: "lock"
    case .sleep: "sleep"
    case .timer: "timer"
    case .socket: "socket"
    case .pipe: "pipe"
    }
  }

  /// The kinds that a phase may draw. `pipe` is not among them: its Gs are there all the time, if a watcher writes to
  /// them.
  static let drawn = allCases.filter { $0 != .pipe }

  /// Draws how many microseconds a G computes, or waits, at a time.
  fileprivate func microseconds(_ chance: inout Chance) -> Int {
    switch self {
    case .compute, .pipe: 0
    case .yield: chance.number(in: 20...500)
    case .call: chance.number(in: 10...1500)
    case .longCall: chance.number(in: 1000...15_000)
    case .handOver: chance.once(in: 2) ? chance.number(in: 20...900) : chance.number(in: 1000...4000)
    case .print: chance.number(in: 0...50)
    case .allocate: chance.number(in: 0...50)
    case .lock: chance.number(in: 1...200)
    case .sleep, .timer, .socket: chance.number(in: 1000...20_000)
    }
  }
}

/// A kind that every phase must have: `handOver`, or `handOver:1:800` for one pair and 800 µs instead of random numbers.
struct Wanted: ExpressibleByArgument, CustomStringConvertible {
  let kind: Kind
  var gs: Int?
  var microseconds: Int?

  init?(argument: String) {
    let words = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard let kind = Kind.drawn.first(where: { "\($0)" == words[0] }), words.count <= 3 else { return nil }
    self.kind = kind
    if words.count > 1 {
      guard let gs = Int(words[1]), (1...1000).contains(gs) else { return nil }
      self.gs = gs
    }
    if words.count > 2 {
      guard let microseconds = Int(words[2]), (0...1_000_000).contains(microseconds) else { return nil }
      self.microseconds = microseconds
    }
  }

  var description: String {
    "\(kind)" + (gs.map { ":\($0)" } ?? "") + (microseconds.map { ":\($0)" } ?? "")
  }
}

/// The part of one kind in a phase: the number of its Gs, and the time that each computes or waits.
struct Share: Sendable {
  let kind: Kind
  /// The number of Gs or, for a kind whose Gs work in pairs, of pairs.
  let gs: Int
  /// The time that each G computes or waits at a time, in microseconds.
  let microseconds: Int
}

/// A stretch of the mix: some kinds, each with some Gs.
struct Phase: Sendable {
  let milliseconds: Int
  let shares: [Share]

  /// Draws the next phase. Every number is drawn, whether it is used or not, so that `only` does not change the other numbers.
  init(_ chance: inout Chance, only: [Wanted]) {
    milliseconds = chance.number(in: 800...2400)
    shares = Kind.drawn.compactMap { kind in
      let takesPart = chance.once(in: 2)
      let (gs, microseconds) = (chance.number(in: 1...6), kind.microseconds(&chance))
      let wanted = only.first { $0.kind == kind }
      guard only.isEmpty ? takesPart : wanted != nil else { return nil }
      return Share(kind: kind, gs: wanted?.gs ?? gs, microseconds: wanted?.microseconds ?? microseconds)
    }
  }
}
