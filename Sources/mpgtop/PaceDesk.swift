// Paces the target's scheduler for the dashboard: connects when a person first asks, and answers in a few words.
import Inspector
import Region
import TUI

/// The controller of the target, if a person has asked for one. When the controller is released, the scheduler runs
/// free.
struct PaceDesk {
  private var controller: (any SchedulerControl)?

  /// The rates that the keys for slower and faster go through, in decisions a second.
  private static let rates = [1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000, 2000, 5000, 10_000]

  /// Carries out a command on the scheduler that is observed. Returns what came of it, in a line for the screen.
  mutating func perform(_ command: PaceCommand, on source: any SchedulerSource) -> String {
    do {
      let controller = try controller ?? source.control()
      self.controller = controller
      let state = try controller.send(.state)
      return Self.words(try controller.send(Self.next(command, state)), isStep: command == .step)
    } catch {
      if let error = error as? ControlError, case .refused = error { return "\(error)" }
      controller = nil
      return "\(error)"
    }
  }

  private static func next(_ command: PaceCommand, _ state: ControlState) -> ControlCommand {
    switch command {
    case .hold: state.pace == .free ? .hold : .release
    case .step: .step(p: nil)
    case .slower:
      switch state.pace {
      case .held: .hold
      case .slow: rates.last { $0 < state.rate }.map { .slow($0) } ?? .hold
      case .free, .none: .slow(rates[rates.count - 1])
      }
    case .faster:
      switch state.pace {
      case .held: .slow(rates[0])
      case .slow: rates.first { $0 > state.rate }.map { .slow($0) } ?? .release
      case .free, .none: .release
      }
    }
  }

  private static func words(_ state: ControlState, isStep: Bool) -> String {
    guard isStep else {
      return switch state.pace {
      case .held: "the scheduler is held; the outside world goes on"
      case .slow: "\(counted(state.rate, "decision")) a second; the outside world goes on as fast as ever"
      case .free, .none: "the scheduler runs free"
      }
    }
    guard let step = state.stepped else { return "nobody has a decision to make" }
    let place = step.p.map { "M\(step.m) on P\($0)" } ?? "M\(step.m), without a P,"
    return step.isOver
      ? "\(place) made a decision; \(counted(state.waiting, "thread")) at the gate"
      : "\(place) is still in user code or in a call; \(counted(state.waiting, "thread")) at the gate"
  }
}
