// `mpgtop compare`: two Go traces or recordings side by side.
import ArgumentParser
import GoTrace
import Inspector

/// The command `mpgtop compare` and its options.
struct CompareOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two Go traces or recordings: how long things took, and what changed most.",
    discussion: """
      Run delay, waits by their reason, system calls, garbage collection: for each how often it was in a second, how much \
      time of each second it took, all goroutines together, and the 50th and 99th percentile and the longest. What changed \
      most stands first. Only what began and ended within a file counts.
      """)

  @Argument(help: "A Go trace, a folder of them, or a recording.", completion: .file())
  var a: String

  @Argument(help: "Another.", completion: .file())
  var b: String

  @Flag(help: "Print JSON, one object.")
  var json = false

  mutating func validate() throws {
    if a == "-", b == "-" { throw ValidationError("only one of both can be standard input") }
  }
}

struct Compare {
  let options: CompareOptions
  let output: StandardOutput

  func run() throws(Failure) {
    let comparison = Comparison(try measured(options.a), try measured(options.b))
    if options.json { return try output.writeExact(comparison.json + "\n") }
    try output.write(comparison.lines.joined(separator: "\n") + "\n")
  }

  private func measured(_ word: String) throws(Failure) -> Distributions {
    if let trace = word == "-" ? TraceFile(anyhow: word) : TraceFile(word) {
      let reader = try trace.reader()
      do throws(TraceError) {
        return try Distributions(reader, name: trace.name)
      } catch {
        throw trace.failure(error)
      }
    }
    let recording = try failing { () throws(InspectorError) in try RecordingSource(path: word) }
    if let damage = recording.damage { complain("\(word) is damaged: \(damage); measured up to there") }
    return Distributions(recording.history, name: word)
  }
}
