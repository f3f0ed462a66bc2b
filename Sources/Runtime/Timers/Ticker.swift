// What a program does with moments, besides sleeping: wait for one in a select, hear of them again and again, have
// something done at one. All are faces of a timer descriptor.
import Region

/// A channel that receives one value, `delay` from now. It is never closed.
///
/// Must be called from a G. For one wait with a time-out `select`'s own `after` is cheaper.
public func after(_ delay: Duration) -> Channel<Void> {
  let m = enterRuntime("after")
  defer { leaveRuntime() }
  let channel = Channel<Void>(capacity: 1)
  let timer = TimerDescriptor(.send(channel))
  _ = timer.start(after: delay, every: nil, on: m.p)
  if !timer.abandon() { timer.giveBack() }
  return channel
}

/// Ticks at a steady pace, as long as it lives.
///
/// A receiver that is slow misses ticks: one at most waits for it. Ticks are late by what timers are (`sleep`), and keep
/// to the pace of the first all the same. Thread-safe; from Gs only.
public final class Ticker: Sendable {
  /// Receives a value with every tick. It is never closed, also when the ticker is stopped.
  public let channel = Channel<Void>(capacity: 1)
  private let timer: TimerDescriptor

  /// - Parameter period: positive.
  public init(every period: Duration) {
    timer = inRuntime("Ticker") { [channel] _ in TimerDescriptor(.send(channel)) }
    reset(every: period)
  }

  deinit {
    Outside.act("Ticker.deinit") { _ in _ = timer.giveBack() }
  }

  /// Stops ticking; a tick that nobody has received is taken back.
  public func stop() {
    inRuntime("Ticker.stop") { _ in
      _ = timer.stop()
      channel.drain()
    }
  }

  /// Ticks at this pace from now on; the first time `period` from now.
  public func reset(every period: Duration) {
    precondition(period > .zero, "a ticker's period is positive")
    inRuntime("Ticker.reset") { m in
      _ = timer.stop()
      channel.drain()
      _ = timer.start(after: period, every: period, on: m.p)
    }
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
    inRuntime("Alarm.reset") { m in timer.start(after: delay, every: nil, on: m.p) }
  }
}

private func inRuntime<Result>(_ what: StaticString, _ body: (M) -> Result) -> Result {
  let m = enterRuntime(what)
  defer { leaveRuntime() }
  return body(m)
}
