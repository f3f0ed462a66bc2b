// Scrubbing: a recording without names, fit to be shared. What remains are numbers: who ran when, and for how long.
import Host

public enum Scrubber {
  /// Writes what `input` has to `output`, without the name of the program and those of its functions and labels. The file
  /// is made to be handed on, so it is no more private than the umask wants it.
  ///
  /// - Parameter replaces: what a file that is there must be.
  /// - Returns: what is wrong with the input, if anything: the output then ends there.
  public static func scrub(
    _ input: String, to output: String, replaces: OutputKind = .recording
  ) throws(InspectorError) -> String? {
    var rules = OutputRules()
    rules.replaces = replaces
    rules.inputs = [FileIdentity(path: input)]
    let writer = try RecordingWriter(path: output, rules)
    var reader = try RecordingReader(path: input)
    let wrong = try copy(&reader, to: writer)
    let damage = wrong ?? reader.damage ?? (reader.isFinished ? nil : "it was cut off: it has no end")
    guard writer.segments > 0 else {
      throw .notARecording(path: input, reason: damage ?? "there is nothing in it")
    }
    try writer.commit()
    return damage
  }

  private static func copy(
    _ reader: inout RecordingReader, to writer: RecordingWriter
  ) throws(InspectorError) -> String? {
    while let chunk = reader.next() {
      guard let kind = chunk.kind else { continue }  // who knows what is in it
      switch kind {
      case .names: break
      case .about:
        guard var about = RecordingAbout(chunk.body) else { return "a damaged beginning" }
        about.name = ""
        try writer.copy(kind, about.bytes)
      case .keyframe:
        guard var keyframe = Keyframe(chunk.body) else { return "a damaged keyframe at byte \(chunk.offset)" }
        keyframe.snapshot.target.name = ""
        for index in keyframe.snapshot.ps.indices { keyframe.snapshot.ps[index].entry = nil }
        keyframe.findings = nil  // they name places of the program; a replay asks the lints anew
        try writer.copy(kind, keyframe.bytes)
      case .goroutines, .block, .end: try writer.copy(kind, chunk.body)
      }
    }
    return nil
  }
}
