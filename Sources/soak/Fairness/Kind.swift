// The mix: what Gs do beside each other, and how it is drawn from a seed. The Go program of the same mix
// (scripts/go/fairness/main.go) draws it in the same order from the same numbers, so that both sides of a comparison do
// the same.
import ArgumentParser

/// What a G of the mix does again and again.
enum Kind: Int, CaseIterable, Sendable, ExpressibleByArgument {
  /// Computes and never gives way.
  case compute
  /// Computes for a moment, then yields.
  case yield
  /// Computes, then makes a short system call in `blocking`.
  case call
  /// Makes system calls that last.
  case longCall
  /// Two hand a value to and fro over channels, and compute in between.
  case handOver
  /// Prints lines: a lock of libc.
  case print
  /// Allocates, and frees what others have allocated: another.
  case allocate
  /// Locks a mutex of ours, for a moment.
  case lock
  case sleep
  /// Waits for a timer that is a descriptor.
  case timer
  /// Reads what another G writes to a socket.
  case socket
  /// Reads what another process writes to a pipe.
  case pipe

  init?(argument: String) {
    guard let kind = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = kind
  }

  /// The name under which its Gs are spawned, by which the watcher knows them.
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

  /// The kinds that a phase draws; `pipe` is there all the time, when there is somebody to write.
  static let drawn = allCases.filter { $0 != .pipe }

  /// Microseconds that a G computes, or waits, at a time.
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

/// What a phase has of one kind.
struct Share: Sendable {
  let kind: Kind
  /// Gs, or pairs of them.
  let gs: Int
  /// See `Kind`.
  let microseconds: Int
}

/// A stretch of the mix: some kinds, each with some Gs.
struct Phase: Sendable {
  let milliseconds: Int
  let shares: [Share]

  /// Draws the next one. Every number is drawn whether it is used or not, so that `only` changes nothing else.
  init(_ chance: inout Chance, only: Set<Kind>) {
    milliseconds = chance.number(in: 800...2400)
    shares = Kind.drawn.compactMap { kind in
      let takesPart = chance.once(in: 2)
      let share = Share(
        kind: kind, gs: chance.number(in: 1...6), microseconds: kind.microseconds(&chance))
      return only.isEmpty ? takesPart ? share : nil : only.contains(kind) ? share : nil
    }
  }
}
