// What Gs, Ms and Ps do, and the one role (so the one colour) and the one sign that each has: on every screen the same.
//
// A state, an event, a group of waits and a part of a time are each one of these. Views ask for the meaning, and never
// choose a role for a state by themselves.

/// What something does.
enum Meaning: CaseIterable, Sendable {
  /// A G runs; a P or an M runs one.
  case running
  /// A G could run and has no P: on a queue, in `runnext`.
  case ready
  /// An M, with its P, looks for work.
  case searching
  /// In a call of the system that may block.
  case call
  /// Made to stop, or about to be; the thread that is kept by such a G.
  case preempted
  /// Waits for the world outside: sockets, signals.
  case outside
  /// Waits for another G, a lock, or its moment.
  case parked
  /// Has nothing to do, is free, or is gone.
  case idle
  /// The runtime's own work and threads: between two Gs, sysmon, the collector.
  case runtime
  /// Full, lost, late or wrong.
  case wrong

  var style: Style {
    switch self {
    case .running: .busy
    case .ready: .eager
    case .searching: .search
    case .call: .call
    case .preempted: .stopped
    case .outside: .waiting
    case .parked: .text
    case .idle: .dim
    case .runtime: .system
    case .wrong: .alarm
    }
  }

  /// Its sign in bars and rows of time.
  func sign(_ glyphs: Glyphs) -> Unicode.Scalar {
    switch self {
    // In ASCII a full cell looks like the sign of a call.
    case .running: glyphs.isASCII ? "#" : glyphs.eighths[glyphs.eighths.count - 1]
    case .searching: "~"
    case .call: "="
    case .runtime: "-"
    case .preempted: "k"
    case .ready: "+"
    case .outside: "o"
    case .parked: "z"
    case .idle: glyphs.track
    case .wrong: "!"
    }
  }
}
