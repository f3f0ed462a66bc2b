// Signals of the operating system, as a G waits for them: the handler writes to a pipe, and the pipe is pollable.
import CMPG
import Glibc

/// Catches signals for the life of the process, from `init` on; a G waits for them with `next`.
///
/// ```swift
/// let signals = try Signals([SIGTERM, SIGINT])   // from here on they do not end the process
/// go { let signal = signals.next() … }
/// ```
/// Thread-safe; from Gs only, of which one at a time may wait. A signal that arrives while nobody waits is kept. A later `Signals` for the
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

  /// Parks the running G until one of the signals arrives, and returns it. It cannot throw, so by the rule of
  /// cancellation (`withCancellation`) it waits on in a scope that is cancelled.
  public func next() -> Int32 {
    while true {
      if let signal = take() { return signal }
      do { try pollable.waitThroughCancellation(.read) } catch {
        fatal("the pipe of a Signals, which nobody closes, is \(error)")
      }
    }
  }

  /// The same, unless the G's scope is cancelled first: then no signal is taken.
  public func nextOrCancelled() throws(CancellationError) -> Int32 {
    try checkCancellation()
    while true {
      if let signal = take() { return signal }
      do { try pollable.wait(.read) } catch {
        guard error == .cancelled else { fatal("the pipe of a Signals, which nobody closes, is \(error)") }
        throw CancellationError()
      }
    }
  }

  /// A signal that has arrived.
  private func take() -> Int32? {
    var number: UInt8 = 0
    return unsafe read(pollable.fd, &number, 1) == 1 ? Int32(number) : nil
  }
}
