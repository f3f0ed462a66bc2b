// Standard output and error for use in pipelines: a reader that leaves is reported as an error, and SIGPIPE is ignored.
internal import Glibc
import Inspector
import TUI

/// Standard output, unbuffered. Each frame is one write, so that a reader never gets half a frame and waits for the rest.
struct StandardOutput {
  /// Throws if standard output is closed. Call this before anything is opened; otherwise a file of ours would get the
  /// descriptor of standard output.
  init() throws(Failure) {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)  // a file at its size limit (ulimit -f) then gives an error, like a full disk
    guard fcntl(STDOUT_FILENO, F_GETFD) != -1 else {
      throw Failure(ExitCode.output, "cannot write to standard output: it is closed")
    }
  }

  /// Writes whole lines of text for people, made harmless by `TextGate`.
  func write(_ text: String) throws(Failure) { try writeExact(TextGate.standard.text(text)) }

  /// Writes text for programs, in UTF-8 whatever the locale says. If a file cannot take all of it (a full disk), the file is
  /// cut back to its old length: a frame, a manual page or a settings file is written as a whole or not at all.
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

  /// The width of text: that of the terminal, else COLUMNS, else 80.
  static var width: Int {
    var size = winsize()
    if unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return unsafe getenv("COLUMNS").flatMap { unsafe Int(String(cString: $0)) } ?? 80
  }
}

/// Every command writes text for people through this gate. Names of programs and functions, arguments, paths, labels
/// and settings come from outside. The gate removes characters in them that would move the cursor, change the writing
/// direction or break a line. Where the locale is not UTF-8, it writes ASCII only.
struct TextGate {
  let isASCII: Bool

  static let standard = TextGate(isASCII: Glyphs.forThisProcess.isASCII)

  func line(_ line: String) -> String { TextWidth.sanitised(line, isASCII: isASCII) }

  /// Makes a text of several lines harmless. Its line breaks and tabs are our own, so they stay.
  func text(_ text: String) -> String {
    // A shortcut: most text is ASCII, and looking up Unicode categories is slow.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A || $0 == 0x09 }) { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map { self.line(String($0)) }
        .joined(separator: "\t")
    }.joined(separator: "\n")
  }
}

/// Prints a problem to standard error.
func complain(_ message: String) { say("mpgtop: " + message) }

/// Writes exactly one line to standard error, whatever `line` contains. Ignores errors: there is no place to report them.
func say(_ line: String) {
  let line = Array((TextGate.standard.line(line) + "\n").utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Whether standard input and output are both a terminal, so that a person can be asked.
var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

/// A variable of the environment; nil if it is unset or empty.
func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
