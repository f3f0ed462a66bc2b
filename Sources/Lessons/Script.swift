// The script of a scene: how its scheduler is paced, so that the situation comes about exactly.

/// Something that is waited for. Scenes wait for what must happen, never for a time: a busy machine keeps a thread from its
/// CPU for longer than any.
package struct Condition: Sendable {
  /// What is waited for, in a few words.
  package var words: String
  package var holds: @Sendable (Tape) -> Bool

  package init(_ words: String, _ holds: @escaping @Sendable (Tape) -> Bool) {
    (self.words, self.holds) = (words, holds)
  }

  /// The program has come to a mark.
  package static func mark(_ mark: Mark) -> Condition {
    Condition("the mark '\(mark.rawValue)'") { $0.has(mark) }
  }

  /// The program waits at its door, and nothing else happens.
  package static let atTheDoor = Condition("the program to wait at its door") { tape in
    let now = tape.snapshot
    return now.isConsistent && now.netpoll.parked > 0 && now.gs.running == 0 && now.gs.runnable == 0
      && now.gs.preempted == 0 && now.ps.allSatisfy { $0.status == .idle }
      && !now.ms.contains { [.running, .spinning, .starting].contains($0.state) }
  }
}

/// One move of a script.
package enum Move: Sendable {
  /// Who makes single steps.
  package enum Who: Sendable {
    /// The P on which the scene began.
    case home
    /// Whoever has waited longest.
    case anybody
    /// A P that runs no G, if there is one; else whoever has waited longest.
    case idle
  }

  /// Opens the door at which the program waits.
  case open
  /// Lets the scheduler run free until the condition holds.
  case free(until: Condition)
  /// Holds the scheduler.
  case hold
  /// Grants single steps until the condition holds.
  case step(Who, until: Condition)
  /// Asks the question. Where nobody is asked, the script goes on.
  case ask
  /// What the question is about has happened: the events so far prove the answer.
  case prove

  /// Waits for the door, holds the scheduler, opens the door, and goes on until the scene begins.
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
    /// As many as the environment says.
    case any
    /// As many as the environment says, but at least so many.
    case atLeast(Int)
    case exactly(Int)

    /// The number to take, where `wanted` is asked for.
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
