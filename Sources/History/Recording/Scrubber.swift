// Scrubbing makes a recording without names, fit to be shared. What remains are numbers: which G ran when, and for how
// long.
import Host

/// Removes the names from a recording.
public enum Scrubber {
  /// Copies the recording `input` to `output`, without the name of the program and without the names of functions
  /// and labels. The copy is made to be handed on, so the umask alone decides who may read it.
  ///
  /// - Parameter replaces: the kind of existing file that may be replaced.
  /// - Throws: an error if one of the files cannot be read or written.
  /// - Returns: what is wrong with the input; the output then ends there. nil: nothing.
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
      guard let kind = chunk.kind else { continue }  // a chunk of an unknown kind may contain names
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
