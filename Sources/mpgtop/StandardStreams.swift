// Standard output and error as a pipeline needs them: a reader that leaves is an error to report, never a signal.
internal import Glibc
import Inspector
import TUI

/// Standard output, unbuffered: a frame is written as one piece, so that a reader never waits for half of one.
struct StandardOutput {
  /// Throws when standard output is closed. Call it before anything else is opened, so that no file of ours takes
  /// its place.
  init() throws(Failure) {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)  // a file that may not grow any more (ulimit -f) is like a full disk
    guard fcntl(STDOUT_FILENO, F_GETFD) != -1 else {
      throw Failure(ExitCode.output, "cannot write to standard output: it is closed")
    }
  }

  /// Writes text for people, whole lines of it, as `TextGate` lets it through.
  func write(_ text: String) throws(Failure) { try writeExact(TextGate.standard.text(text)) }

  /// Writes what programs read, which is in UTF-8 whatever the locale says: all of it. Where a file takes no more (a full
  /// disk), it goes back to what it had before: a frame, a manual page or a settings file is there as a whole or not at all.
  func writeExact(_ text: String) throws(Failure) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if written > 0 {
        rest = rest.dropFirst(written)
        continue
      }
      do throws(Failure) {
        try recover(from: errno)
      } catch {
        takeBack(STDOUT_FILENO, written: text.utf8.count - rest.count)
        throw error
      }
    }
  }

  private func recover(from error: Int32) throws(Failure) {
    switch error {
    case EINTR: return
    case EAGAIN:
      var ready = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
      unsafe poll(&ready, 1, -1)
    case EPIPE: throw Failure(ExitCode.output, "standard output was closed by its reader; stopped")
    default:
      let reason = unsafe strerror(error).map { unsafe String(cString: $0) } ?? "errno \(error)"
      throw Failure(ExitCode.output, "cannot write to standard output: \(reason)")
    }
  }

  /// Columns to fill: the terminal's, else those that COLUMNS names, else 80.
  static var width: Int {
    var size = winsize()
    if unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return unsafe getenv("COLUMNS").flatMap { unsafe Int(String(cString: $0)) } ?? 80
  }
}

/// The one way that text for people takes out of every command. Names of programs and functions, arguments, paths, labels and
/// settings come from others: none of them moves a cursor, turns a line round or makes two of one. Where the locale is not UTF-8
/// all of it is ASCII.
struct TextGate {
  let isASCII: Bool

  static let standard = TextGate(isASCII: Glyphs.forThisProcess.isASCII)

  func line(_ line: String) -> String { TextWidth.sanitised(line, isASCII: isASCII) }

  /// The same of text whose line breaks and tabs are our own.
  func text(_ text: String) -> String {
    // Nearly all is, and to ask for categories is slow.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A || $0 == 0x09 }) { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map { self.line(String($0)) }
        .joined(separator: "\t")
    }.joined(separator: "\n")
  }
}

/// Says on standard error what is wrong.
func complain(_ message: String) { say("mpgtop: " + message) }

/// Writes a line to standard error, one whatever is in it. That it is closed is nobody's business.
func say(_ line: String) {
  let line = Array((TextGate.standard.line(line) + "\n").utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Whether a person sits at both ends.
var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

/// A variable of the environment; nil when unset or empty.
func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
