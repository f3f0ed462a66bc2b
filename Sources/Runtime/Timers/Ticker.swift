// What a program can do at a moment in time, besides sleeping. `after` gives one tick, also for a select; `Ticker`
// gives ticks at a steady pace; both are channels with a clock (ChannelClock). `Alarm` runs a closure; it is a timer
// descriptor.
import CMPG
import Region

/// A channel that receives one value, `delay` from now. It is never closed.
///
/// Must be called from a G. For one wait with a time-out `select`'s own `after` is cheaper. The channel is freed as
/// soon as nobody holds it, whether its moment has come or not.
public func after(_ delay: Duration) -> Channel<Void> {
  let m = enterRuntime("after")
  defer { leaveRuntime() }
  let channel = Channel<Void>(capacity: 1)
  channel.core.addClock()
  channel.withClock { $0.start(at: Deadline.after(delay).ticks, every: 0, on: m.p) }
  return channel
}

/// Sends a value at a steady pace, for as long as the ticker lives.
///
/// A slow receiver misses ticks: at most one tick waits to be received. A tick may be late like any timer (`sleep`),
/// but the later ticks keep to the pace of the first. A ticker that nobody waits for costs nothing. Thread-safe; use it
/// from Gs only.
public final class Ticker: Sendable {
  /// A channel to which every tick sends a value. It is never closed, not even when the ticker is stopped.
  public let channel = Channel<Void>(capacity: 1)

  /// - Parameter period: the time from one tick to the next; positive.
  public init(every period: Duration) {
    inRuntime("Ticker") { [channel] _ in channel.core.addClock() }
    reset(every: period)
  }

  deinit {
    Outside.act("Ticker.deinit") { _ in channel.withClock { $0.stop() } }
  }

  /// Stops ticking. Takes back a tick that nobody has received, and everything else that lies in the channel, so a G
  /// that waits there to send goes on.
  public func stop() {
    inRuntime("Ticker.stop") { m in
      let senders = channel.withClock {
        $0.stop()
        return channel.core.drain(by: m)
      }
      m.submit(senders)
    }
  }

  /// Ticks at this pace from now on; the first tick comes after one `period`. Empties the channel, as `stop`
  /// does.
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
  /// Calls `body` with the channel's clock, under the channel's lock.
  fileprivate func withClock<Result: ~Copyable>(_ body: (ChannelClock) -> Result) -> Result {
    core.lock.lock()
    defer { core.lock.unlock() }
    guard let clock = core.clock else { fatal("a channel has no clock") }
    return body(clock)
  }
}

/// Runs a closure at a moment, in a G of its own.
///
/// An alarm goes off even if nobody holds it any more; stop it to prevent that. Thread-safe; use it from Gs only.
public final class Alarm: Sendable {
  private let timer: TimerDescriptor

  /// Starts a G that runs `body`, `delay` from now. Screens name the G by the place of this call.
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
    _ = consume action  // frees what the body holds here, outside of the runtime
  }

  /// Stops the alarm. True if it was still to go off; false if it went off already, or was stopped before. Does not
  /// wait for a body that runs.
  @discardableResult
  public func stop() -> Bool { inRuntime("Alarm.stop") { _ in timer.stop() } }

  /// Makes the alarm go off `delay` from now, instead of at the moment that was planned, or once more if it
  /// went off already. True if it was still to go off.
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
