// Signals of the operating system, as a G waits for them: the handler writes to a pipe, and the pipe is pollable.
import CMPG
import Glibc

/// Parks the running G until one of `signals` arrives, and returns it.
///
/// From the first call on these signals have no other effect. Several Gs may wait, each for signals of its own.
/// - Throws: what `pipe2` or `sigaction` failed with (EINVAL for SIGKILL).
public func waitForSignal(_ signals: [Int32]) throws(SystemError) -> Int32 {
  var ends: [Int32] = [0, 0]
  _ = unsafe try SystemCall.check("pipe2", mpg_pipe(&ends))
  // The writing end stays open for ever: a handler may be about to write to it.
  let pollable = try Pollable(fd: ends[0], purpose: .signal)
  for signal in signals {
    let code = mpg_catch_signal(signal, ends[1])
    if code != 0 { throw SystemError(call: "sigaction of signal \(signal)", errno: code) }
  }
  while true {
    var number: UInt8 = 0
    if unsafe read(ends[0], &number, 1) == 1 { return Int32(number) }
    try? pollable.wait(.read)
  }
}
