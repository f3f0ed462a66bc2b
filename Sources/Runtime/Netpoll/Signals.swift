// Signals of the operating system, as a G waits for them: the handler writes to a pipe, and the pipe is pollable.
import CMPG
import Glibc

/// Catches signals for the life of the process, from `init` on; a G waits for them with `next`.
///
/// ```swift
/// let signals = try Signals([SIGTERM, SIGINT])   // from here on they do not end the process
/// go { let signal = signals.next() … }
/// ```
/// Thread-safe; one G at a time may wait. A signal that arrives while nobody waits is kept. A later `Signals` for the
/// same signal takes it over.
public final class Signals: Sendable {
  private let pollable: Pollable

  /// Installs the handlers and unblocks the signals, which may have been inherited blocked. From a G.
  /// - Throws: what `pipe2` or `sigaction` failed with (EINVAL for SIGKILL).
  public init(_ signals: [Int32]) throws(SystemError) {
    // Neither end is ever closed: a handler may be about to write.
    var ends: [Int32] = [0, 0]
    _ = unsafe try SystemCall.check("pipe2", mpg_pipe(&ends))
    pollable = try Pollable(fd: ends[0], purpose: .signal)
    for signal in signals {
      let code = mpg_catch_signal(signal, ends[1])
      if code != 0 { throw SystemError(call: "sigaction of signal \(signal)", errno: code) }
    }
  }

  /// Parks the running G until one of the signals arrives, and returns it.
  public func next() -> Int32 {
    while true {
      var number: UInt8 = 0
      if unsafe read(pollable.fd, &number, 1) == 1 { return Int32(number) }
      try? pollable.wait(.read)
    }
  }
}
