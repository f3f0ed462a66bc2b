// The question whether a trace may be taken, and its answer.
import Inspector

extension TraceQuestion {
  /// The question in words. It names the address that would be asked, and how another one is chosen.
  var words: String {
    let text = "take a trace of \(TimeText.short(length)) from http://\(address)? y/n"
    guard let other = others.first else { return text }
    let port = other.split(separator: ":").last.map(String.init) ?? ""
    return text + "   (it listens at \(others.joined(separator: ", ")), too: :trace 2s \(port))"
  }
}

extension AppState {
  /// Takes the answer to the question. Only `y` means yes.
  mutating func answer(_ question: TraceQuestion, with key: Key) -> Effect {
    traceQuestion = nil
    switch key {
    case .character("y"), .character("Y"): return .trace(.take(question))
    case .control("c"): return .end(.quit)
    default:
      note = "nothing was sent, and no trace was taken"
      return .nothing
    }
  }

  /// Carries out a typed line that begins with `trace`.
  mutating func trace(_ command: Result<TraceCommand, TraceCommand.Mistake>) -> Effect {
    switch command {
    case .failure:
      note = TraceCommand.mistake
      return .nothing
    case .success(let command):
      frozen = nil
      return .trace(command)
    }
  }
}
