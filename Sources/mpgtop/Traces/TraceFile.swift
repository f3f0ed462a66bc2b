// Go traces on the command line: which words mean one, and how one is opened.
internal import Glibc
import GoTrace
import Inspector

/// The trace that a word of the command line means: a file, plain or packed by gzip, a folder of them, or `-`.
struct TraceFile {
  let word: String

  /// Makes the trace that `word` names; nil: the word names no trace.
  init?(_ word: String) {
    guard Self.isTrace(word) else { return nil }
    self.word = word
  }

  /// Makes the trace in a file or on standard input without a look at it: if it is no trace, reading it
  /// throws an error.
  init(anyhow word: String) { self.word = word }

  /// What it is called in messages.
  var name: String { word == "-" ? "standard input" : word }

  /// The trace's file, which no output may overwrite; nil: it is standard input, or there is no such file.
  var identity: FileIdentity? { word == "-" ? nil : FileIdentity(path: word) }

  func reader() throws(Failure) -> TraceReader {
    do throws(TraceError) {
      return Self.isFolder(word) ? try TraceReader(folder: word) : try TraceReader(try Self.input(word))
    } catch {
      throw failure(error)
    }
  }

  func scrubber() throws(Failure) -> TraceScrubber {
    guard !Self.isFolder(word) else {
      throw Failure(
        ExitCode.usage, "\(word) is a folder; scrub copies one trace after the other, each by its name")
    }
    do throws(TraceError) {
      return try TraceScrubber(try Self.input(word))
    } catch {
      throw failure(error)
    }
  }

  /// The reason why a trace is not read, with its name and an exit code.
  func failure(_ error: TraceError) -> Failure {
    switch error {
    case .cannotRead(_, let errno): Failure(.system(call: "read", path: name, errno: errno))
    default: Failure(ExitCode.layout, "\(name) cannot be used: \(error)")
    }
  }

  /// Complains about what is damaged, in one line.
  func complain(about damage: TraceDamage, _ consequence: String) {
    guard !damage.isEmpty else { return }
    mpgtop.complain("\(name) is damaged: \(damage.sentences.joined(separator: "; ")); \(consequence)")
  }

  private static func input(_ word: String) throws(TraceError) -> TraceInput {
    word == "-" ? TraceInput(descriptor: STDIN_FILENO, name: "standard input") : try TraceInput(path: word)
  }

  private static func isFolder(_ word: String) -> Bool { word != "-" && kind(of: word) == S_IFDIR }

  private static func kind(of word: String) -> mode_t? {
    var status = stat()
    return unsafe stat(word, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private static func isTrace(_ word: String) -> Bool {
    if word == "-" { return TraceInput.mayBeTrace(descriptor: STDIN_FILENO) }
    // A word of digits is a pid, as in all commands, even if there is a file of that name.
    guard unsafe access(word, R_OK) == 0, !word.allSatisfy(\.isNumber) else { return false }
    // Take every pipe for a trace. Bytes that are read to find out what it is would be lost, and recordings
    // are not read from pipes.
    if kind(of: word) == S_IFIFO { return true }
    do throws(TraceError) {
      _ = isFolder(word) ? try TraceReader(folder: word) : try TraceReader(TraceInput(path: word))
      return true
    } catch {
      switch error {
      case .oldVersion, .unknownVersion: return true
      default: return false
      }
    }
  }
}
