// Questions to the other side of a stream, and their answers. Nothing waits for an answer but commands of control, which a
// person has given: a screen shows stacks when they have come.
import Host
import Observed
import Region

/// Asks the sender of a stream, and keeps the answers. Not thread-safe.
final class RemoteAnswers {
  private var last: UInt64 = 0
  private var asked: (number: UInt64, question: StackQuestion, at: UInt64)?
  private var stacks: [(question: StackQuestion, stacks: Stacks)] = []
  private(set) var control: ControlAnswer?

  /// An answer that does not come in this time, in nanoseconds, is asked for again.
  private static let patience: UInt64 = 2_000_000_000
  /// At most this many answers with stacks are kept.
  private static let most = 4

  /// Takes an answer that has come; false: the bytes are wrong.
  func take(_ kind: MessageKind, _ body: [UInt8]) -> Bool {
    guard kind == .stacks else {
      control = ControlAnswer(body)
      return control != nil
    }
    guard let answer = StacksAnswer(body) else { return false }
    guard let asked, asked.number == answer.number else { return true }  // it is too late
    self.asked = nil
    stacks.removeAll { $0.question == asked.question }
    if let found = answer.stacks { stacks.append((asked.question, found)) }
    stacks = stacks.suffix(Self.most)
    return true
  }

  /// Returns the newest stacks that came for a question, or for some of its Gs, and asks for newer ones; nil: none have
  /// come yet.
  func stacks(of question: StackQuestion, ask: (RemoteQuestion) -> Void) -> Stacks? {
    let now = monotonicNow()
    if asked == nil || asked.map({ now > $0.at + Self.patience }) == true {
      last += 1
      asked = (last, question, now)
      ask(RemoteQuestion(number: last, subject: .stacks(question)))
    }
    let answer =
      stacks.last { $0.question == question } ?? stacks.last { Self.overlap($0.question, question) }
    return answer?.stacks
  }

  /// Whether two questions are about some of the same Gs. The rows of a busy program change from frame to frame.
  private static func overlap(_ one: StackQuestion, _ other: StackQuestion) -> Bool {
    guard case .some(let gs) = other else { return false }
    guard case .some(let known) = one else { return true }
    return !Set(known).isDisjoint(with: gs)
  }

  /// Makes a question, with the next number, that gives a command of control.
  func command(_ command: ControlCommand) -> RemoteQuestion {
    last += 1
    control = nil
    return RemoteQuestion(number: last, subject: .control(command))
  }
}

/// Holds, steps and slows a scheduler through the connection by which it is observed. When the connection ends, the
/// scheduler runs freely again.
final class RemoteControl: SchedulerControl {
  private let source: StreamSource

  init(_ source: StreamSource) { self.source = source }

  func send(_ command: ControlCommand) throws(ControlError) -> ControlState { try source.send(command) }
}
