// Signals of the operating system, for which a G can wait: the handler writes into a pipe, and the pipe is pollable.
import CMPG
import Glibc

/// Catches signals for the life of the process, from `init` on; a G waits for them with `next`.
///
/// ```swift
/// let signals = try Signals([SIGUSR1])  // from here on SIGUSR1 does not end the process
/// kill(getpid(), SIGUSR1)
/// print(signals.next() == SIGUSR1)
/// ```
/// Thread-safe; call it from Gs only, and let only one G wait at a time. A signal that arrives while nobody waits is
/// kept. A later `Signals` for the same signal takes that signal over.
public final class Signals: Sendable {
  private let pollable: Pollable

  /// Installs the handlers and unblocks the signals, which the process may have inherited blocked. Call it from a G.
  /// - Throws: the error of `pipe2` or `sigaction` (EINVAL for SIGKILL).
  public init(_ signals: [Int32]) throws(SystemError) {
    // Neither end is ever closed, because a handler may be about to write.
    var ends: [Int32] = [0, 0]
    _ = unsafe try SystemCall.check("pipe2", mpg_pipe(&ends))
    pollable = try Pollable(fd: ends[0], purpose: .signal)
    for signal in signals {
      let code = mpg_catch_signal(signal, ends[1])
      if code != 0 { throw SystemError(call: "sigaction of signal \(signal)", errno: code) }
    }
  }

  /// Parks the running G until one of the signals arrives, and returns that signal's number. It cannot throw, so the
  /// wait does not end when the G's scope is cancelled (the rule of `withCancellation`).
  public func next() -> Int32 {
    while true {
      if let signal = take() { return signal }
      do { try pollable.waitThroughCancellation(.read) } catch {
        fatal("the pipe of a Signals, which nobody closes, is \(error)")
      }
    }
  }

  /// As `next`, but ends when the G's scope is cancelled.
  /// - Throws: `CancellationError` when the scope was cancelled first. Then it has taken no signal.
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

  /// Takes a signal that has arrived, and returns its number; nil: none has.
  private func take() -> Int32? {
    var number: UInt8 = 0
    return unsafe read(pollable.fd, &number, 1) == 1 ? Int32(number) : nil
  }
}
