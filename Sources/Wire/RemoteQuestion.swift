// What the other side may ask of a sender that answers: stacks, and commands of control. A question is a line of text on the
// sender's standard input; the answer is a message in the next packet, with the question's number.
import History
import Host
import Observed
import Region

/// A question to the sender of a stream, with its number, which the answer repeats.
package struct RemoteQuestion: Equatable {
  package enum Subject: Equatable {
    case stacks(StackQuestion)
    case control(ControlCommand)
  }

  package var number: UInt64
  package var subject: Subject

  package init(number: UInt64, subject: Subject) { (self.number, self.subject) = (number, subject) }

  /// A line with more bytes than this is no question.
  package static let longest = 1 << 16

  /// The question as a line of text, without the line's end.
  package var line: String {
    switch subject {
    case .stacks(.all): "\(number) stacks"
    case .stacks(.some(let gs)): "\(number) stacks " + gs.map(String.init).joined(separator: " ")
    case .control(let command): "\(number) control \(command.line)"
    }
  }

  /// Parses a line of text; nil: the line is no question.
  package init?(_ line: String) {
    let words = line.split(separator: " ")
    guard words.count >= 2, let number = UInt64(words[0]) else { return nil }
    self.number = number
    switch words[1] {
    case "stacks":
      let gs = words.dropFirst(2).compactMap { UInt64($0) }
      guard gs.count == words.count - 2 else { return nil }
      subject = .stacks(gs.isEmpty ? .all : .some(gs))
    case "control":
      let command = unsafe Array(words.dropFirst(2).joined(separator: " ").utf8).withUnsafeBytes {
        unsafe ControlCommand($0)
      }
      guard let command else { return nil }
      subject = .control(command)
    default: return nil
    }
  }
}

/// The answer to a command of control.
struct ControlAnswer: Equatable {
  var number: UInt64
  /// The state of the scheduler's control after the command, or why the command was refused.
  var result: Result<ControlState, ControlRefusal>

  struct ControlRefusal: Error, Equatable { var words: String }

  var bytes: [UInt8] {
    var out = ByteWriter()
    out.number(number)
    switch result {
    case .failure(let refusal):
      out.number(0 as UInt64)
      out.text(refusal.words)
    case .success(let state):
      out.number(1 as UInt64)
      out.number(UInt64(state.pace.rawValue))
      for value in [state.rate, state.waiting] { out.number(UInt64(clamping: value)) }
      out.number(state.stepped.map { UInt64(clamping: $0.m) })
      out.number(state.stepped?.p.map { UInt64(clamping: $0) })
      out.number((state.stepped?.isOver == true ? 1 : 0) as UInt64)
    }
    return out.bytes
  }

  init(number: UInt64, result: Result<ControlState, ControlRefusal>) {
    (self.number, self.result) = (number, result)
  }

  init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    guard let number = body.number(), let isDone = body.number() else { return nil }
    self.number = number
    if isDone == 0 {
      guard let words = body.text() else { return nil }
      result = .failure(ControlRefusal(words: words))
      return
    }
    guard let pace = body.number(upTo: 255), let rate = body.number(upTo: Control.rates.upperBound),
      let waiting = body.number(upTo: Capacity.ms), let m = body.optional(), let p = body.optional(),
      let isOver = body.number()
    else { return nil }
    let step = m.map {
      ControlState.Step(m: Int(clamping: $0), p: p.map { Int(clamping: $0) }, isOver: isOver != 0)
    }
    result = .success(
      ControlState(pace: Pacing(rawValue: UInt8(pace)) ?? .free, rate: rate, waiting: waiting, stepped: step))
  }
}

/// The answer to a question for stacks.
struct StacksAnswer: Equatable {
  var number: UInt64
  /// The stacks that were asked for; nil: the source knows none.
  var stacks: Stacks?

  /// Maximum number of stacks and of Gs, and of frames of one stack and of all.
  private static let (mostStacks, mostFrames, mostFramesInAll) = (1 << 17, 1 << 12, 1 << 20)

  init(number: UInt64, stacks: Stacks?) { (self.number, self.stacks) = (number, stacks) }

  /// What the other side would refuse is not sent: more stacks than it takes, and the outer frames of a deep stack.
  var bytes: [UInt8] {
    var out = ByteWriter()
    out.number(number)
    guard let stacks, stacks.distinct.count <= Self.mostStacks, stacks.outcomes.count <= Self.mostStacks,
      stacks.distinct.reduce(0, { $0 + min($1.frames.count, Self.mostFrames) }) <= Self.mostFramesInAll
    else { return out.bytes }
    out.number(UInt64(stacks.distinct.count))
    for stack in stacks.distinct {
      let isDeep = stack.frames.count > Self.mostFrames
      out.text(isDeep ? "more frames were not sent" : stack.cut ?? "")
      out.number(UInt64(min(stack.frames.count, Self.mostFrames)))
      for frame in stack.frames.prefix(Self.mostFrames) {
        out.text(frame.function)
        out.text(frame.file ?? "")
        out.number(frame.line.map { UInt64(clamping: $0) })
        out.number((frame.isInlined ? 1 : 0) | (frame.isLibrary ? 2 : 0) as UInt64)
      }
    }
    out.number(UInt64(stacks.outcomes.count))
    for (g, outcome) in stacks.outcomes.sorted(by: { $0.key < $1.key }) {
      out.number(g)
      switch outcome {
      case .running: out.number(0 as UInt64)
      case .moved: out.number(1 as UInt64)
      case .gone: out.number(2 as UInt64)
      case .unreadable: out.number(3 as UInt64)
      case .stack(let place): out.number(UInt64(clamping: place) + 4)
      }
    }
    for (g, label) in stacks.labels.sorted(by: { $0.key < $1.key }) {
      out.number(g)
      out.text(label)
    }
    return out.bytes
  }

  init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    guard let number = body.number() else { return nil }
    self.number = number
    if body.isAtEnd { return }
    guard let count = body.number(upTo: Self.mostStacks) else { return nil }
    var (stacks, frames) = (Stacks(outcomes: [:], distinct: []), 0)
    for _ in 0..<count {
      guard let stack = Self.stack(&body) else { return nil }
      stacks.distinct.append(stack)
      frames += stack.frames.count
      guard frames <= Self.mostFramesInAll else { return nil }
    }
    guard let gs = body.number(upTo: Self.mostStacks) else { return nil }
    for _ in 0..<gs {
      guard let g = body.number(), let outcome = body.number(upTo: Self.mostStacks + 4) else { return nil }
      stacks.outcomes[g] =
        switch outcome {
        case 0: .running
        case 1: .moved
        case 2: .gone
        case 3: .unreadable
        default: .stack(outcome - 4)
        }
    }
    while !body.isAtEnd {
      guard let g = body.number(), let label = body.text() else { return nil }
      stacks.labels[g] = label
    }
    self.stacks = stacks
  }

  private static func stack(_ body: inout ByteReader) -> CallStack? {
    guard let cut = body.text(), let count = body.number(upTo: mostFrames) else { return nil }
    var frames: [StackFrame] = []
    for _ in 0..<count {
      guard let function = body.text(), let file = body.text(), let line = body.optional(),
        let flags = body.number()
      else { return nil }
      frames.append(
        StackFrame(
          function: function, file: file.isEmpty ? nil : file, line: line.map { Int(min($0, 1 << 31)) },
          isInlined: flags & 1 != 0, isLibrary: flags & 2 != 0))
    }
    return CallStack(frames: frames, cut: cut.isEmpty ? nil : cut)
  }
}
