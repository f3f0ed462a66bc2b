// What a program does with moments, besides sleeping: wait for one in a select, hear of them again and again, have
// something done at one. The first two are channels with a clock, the last is a timer descriptor.
import CMPG
import Region

/// A channel that receives one value, `delay` from now. It is never closed.
///
/// Must be called from a G. For one wait with a time-out `select`'s own `after` is cheaper. A channel that nobody has any
/// more is gone at once, due or not.
public func after(_ delay: Duration) -> Channel<Void> {
  let m = enterRuntime("after")
  defer { leaveRuntime() }
  let channel = Channel<Void>(capacity: 1)
  channel.core.addClock()
  channel.withClock { $0.start(at: Deadline.after(delay).ticks, every: 0, on: m.p) }
  return channel
}

/// Ticks at a steady pace, as long as it lives.
///
/// A receiver that is slow misses ticks: one at most waits for it. Ticks are late by what timers are (`sleep`), and keep
/// to the pace of the first all the same. A ticker that nobody waits for costs nothing. Thread-safe; from Gs only.
public final class Ticker: Sendable {
  /// Receives a value with every tick. It is never closed, also when the ticker is stopped.
  public let channel = Channel<Void>(capacity: 1)

  /// - Parameter period: positive.
  public init(every period: Duration) {
    inRuntime("Ticker") { [channel] _ in channel.core.addClock() }
    reset(every: period)
  }

  deinit {
    Outside.act("Ticker.deinit") { _ in channel.withClock { $0.stop() } }
  }

  /// Stops ticking; a tick that nobody has received is taken back, and so is what else lies in the channel: who waits there
  /// to send goes on.
  public func stop() {
    inRuntime("Ticker.stop") { m in
      let senders = channel.withClock {
        $0.stop()
        return channel.core.drain(by: m)
      }
      m.submit(senders)
    }
  }

  /// Ticks at this pace from now on; the first time `period` from now. What lies in the channel is taken back, as by `stop`.
  public func reset(every period: Duration) {
    precondition(period > .zero, "a ticker's period is positive")
    inRuntime("Ticker.reset") { m in
      let ticks = max(Clock.ticks(nanoseconds: period.wholeNanoseconds), 1)
      let senders = channel.withClock {
        $0.start(at: Deadline.after(period).ticks, every: ticks, on: m.p)
        return channel.core.drain(by: m)
      }
      m.submit(senders)
    }
  }
}

extension Channel where Element == Void {
  /// Under the channel's lock.
  fileprivate func withClock<Result: ~Copyable>(_ body: (ChannelClock) -> Result) -> Result {
    core.lock.lock()
    defer { core.lock.unlock() }
    guard let clock = core.clock else { fatal("a channel has no clock") }
    return body(clock)
  }
}

/// Does something at a moment, in a G of its own.
///
/// It goes off even if nobody holds it any more; stop it to prevent that. Thread-safe; from Gs only.
public final class Alarm: Sendable {
  private let timer: TimerDescriptor

  /// Starts a G that runs `body`, `delay` from now. The G is named after this call.
  @discardableResult
  public init(
    after delay: Duration, file: StaticString = #fileID, function: StaticString = #function,
    line: Int = #line,
    _ body: @escaping @Sendable () throws -> Void
  ) {
    timer = inRuntime("Alarm") { m in
      TimerDescriptor(.spawn(body: body, entry: m.p.entry(file, function, line)), after: delay, by: m)
    }
  }

  deinit {
    var action = TimerAction.nothing
    Outside.act("Alarm.deinit") { _ in if !timer.abandon() { action = timer.giveBack() } }
    _ = consume action  // what the body holds goes out here, outside of the runtime
  }

  /// Stops it; whether that came in time: false if it went off already, or was stopped before. It does not wait for a
  /// body that runs.
  @discardableResult
  public func stop() -> Bool { inRuntime("Alarm.stop") { _ in timer.stop() } }

  /// Sets it to go off `delay` from now, instead of when it would have, or once more; whether it was still to go off.
  @discardableResult
  public func reset(after delay: Duration) -> Bool {
    inRuntime("Alarm.reset") { m in timer.start(after: delay, on: m.p) }
  }
}

private func inRuntime<Result>(_ what: StaticString, _ body: (M) -> Result) -> Result {
  let m = enterRuntime(what)
  defer { leaveRuntime() }
  return body(m)
}
