// Meanings: the states of Gs, Ms and Ps that a person must tell apart. Each meaning has one role (and so one
// colour) and one sign, the same on every screen.
//
// Every state, event, group of waits and part of a time has one of these meanings. Views ask for the meaning,
// and never choose a role for a state by themselves.

/// A state of a G, an M or a P, or the use of a part of a time.
enum Meaning: CaseIterable, Sendable {
  /// A G runs; a P or an M runs a G.
  case running
  /// A G could run but has no P: it stands in a queue or in `runnext`.
  case ready
  /// An M with its P looks for work.
  case searching
  /// A G or an M is in a system call that may block.
  case call
  /// A G was or will be made to stop; a thread is kept by such a G.
  case preempted
  /// A G waits for the world outside: sockets, signals.
  case outside
  /// A G waits for another G, for a lock, or for its time to come.
  case parked
  /// A P or an M has nothing to do; an object is free or gone.
  case idle
  /// The runtime's own work and threads: switching between two Gs, sysmon, the collector.
  case runtime
  /// Something is full, lost, late or wrong.
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

  /// The meaning's sign in bars and on the timeline.
  func sign(_ glyphs: Glyphs) -> Unicode.Scalar {
    switch self {
    // In ASCII the full cell is `=`, which already is the sign of a call. So `#` stands for running.
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
