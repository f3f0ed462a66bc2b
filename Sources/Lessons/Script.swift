// The script of a scene: when its scheduler is held, stepped or left free, so that the situation comes about
// exactly.

/// Something for which a script waits. Scripts wait for things that must happen, never for a fixed time, because a busy
/// machine may keep a thread from its CPU for longer than any fixed time.
package struct Condition: Sendable {
  /// What the script waits for, in a few words.
  package var words: String
  package var holds: @Sendable (Tape) -> Bool

  package init(_ words: String, _ holds: @escaping @Sendable (Tape) -> Bool) {
    (self.words, self.holds) = (words, holds)
  }

  /// The program has come to a mark.
  package static func mark(_ mark: Mark) -> Condition {
    Condition("the mark '\(mark.rawValue)'") { $0.has(mark) }
  }

  /// The program waits at its door (for a line of its input), and nothing else happens.
  package static let atTheDoor = Condition("the program to wait at its door") { tape in
    let now = tape.snapshot
    return now.isConsistent && now.netpoll.parked > 0 && now.gs.running == 0 && now.gs.runnable == 0
      && now.gs.preempted == 0 && now.ps.allSatisfy { $0.status == .idle }
      && !now.ms.contains { [.running, .spinning, .starting].contains($0.state) }
  }
}

/// One move of a script.
package enum Move: Sendable {
  /// The P or M that makes the single steps, one decision of the scheduler each.
  package enum Who: Sendable {
    /// The P on which the scene began.
    case home
    /// The M that has waited longest to be allowed its next decision.
    case anybody
    /// A P that runs no G, if there is one; else the M that has waited longest to be allowed a decision.
    case idle
  }

  /// Opens the door at which the program waits: writes a line to the program's input.
  case open
  /// Lets the scheduler run free until the condition holds.
  case free(until: Condition)
  /// Holds the scheduler: each P stops at its next decision.
  case hold
  /// Lets the scheduler make single decisions, each by one P or M, until the condition holds.
  case step(Who, until: Condition)
  /// Asks the question. In a rehearsal no person is asked, and the script goes on at once.
  case ask
  /// Says that what the question is about has happened: the events so far prove the answer.
  case prove

  /// Waits until the program is at its door, holds the scheduler, opens the door, and steps until the scene
  /// begins.
  package static let begin: [Move] = [
    .free(until: .atTheDoor), .hold, .open, .step(.anybody, until: .mark(.begin)),
  ]

  /// Lets everything happen at its own pace.
  package static let freely: [Move] = [.free(until: .mark(.done)), .prove, .free(until: .atTheDoor)]

  /// Lets the rest of the scene happen, until the program waits at its door again.
  package static let end: [Move] = [.free(until: .mark(.done)), .free(until: .atTheDoor)]
}

/// A scene: a program's run, and how it is paced.
package struct Scene: Sendable {
  /// The number of Ps that the claim needs.
  package enum Procs: Sendable, Equatable {
    /// As many Ps as are wanted.
    case any
    /// As many Ps as are wanted, but at least this many.
    case atLeast(Int)
    case exactly(Int)

    /// The number of Ps for the scene, if `wanted` Ps are wanted.
    package func number(wanted: Int) -> Int {
      switch self {
      case .any: wanted
      case .atLeast(let least): max(least, wanted)
      case .exactly(let number): number
      }
    }
  }

  /// The name by which mpg-lesson knows the scene.
  package var name: String
  package var procs = Procs.any
  /// Whether a G that runs for too long is preempted.
  package var isPreemptive = true
  package var script: [Move]
}
