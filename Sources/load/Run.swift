// A run, from the first connection to the report.
//
// Every connection has a G. First these Gs open their connections, at most 128 at a time, and wait for a channel, the gate. When
// all of them wait, the measurement begins: the main G closes the channel, which lets them go on. Then it waits until no turns
// are left, and all answers have come or were given up. A signal cancels the scope of all these Gs, which ends their waits.

import Glibc
import MPG
import Net
import Synchronization

/// Carries out a plan.
///
/// Thread-safe; use it from Gs only.
final class Run: Sendable {
  /// The time from the opening of the gate until the first request is due, in nanoseconds. By then all Gs have taken a turn
  /// and sleep, so that none of them is late.
  private static let runUp: UInt64 = 5_000_000
  /// How long a client pauses in closed loop after it could not open its connection.
  private static let rest = Duration.milliseconds(100)

  private let plan: Plan
  private let pacer: Pacer
  private let tallies: [Tally]
  private let crowd = IdleCrowd()
  /// The number of connections that were opened again during the measurement.
  private let reopened = Atomic(0)
  /// The signal that ended the run; 0: none has.
  private let signal = Atomic<Int32>(0)
  private let interruption = Atomic<UInt64>(.max)

  init(_ plan: Plan) {
    self.plan = plan
    pacer = Pacer(plan.pace ?? .closed, connections: plan.connections)
    tallies = (0..<min(64, max(1, plan.connections))).map { _ in Tally() }
  }

  /// - Throws: `Failure` when the server cannot be reached.
  func measure() throws -> Report {
    let signals = try Signals([SIGINT, SIGTERM])
    return try withCancellation { scope in
      goDetached { [self] in stop(scope, on: signals) }
      let address = try reachableAddress()
      if plan.idle > 0 {
        crowd.open(plan.idle, address, plan.requests[0], timeout: plan.timeout)
        if crowd.opened > 0, !isCancelled {
          let end = plan.duration == nil && plan.pace == nil ? "; Ctrl-C ends it" : ""
          complain("holding \(grouped(crowd.opened)) idle connections\(end)")
        }
      }
      let effort = plan.pace == nil ? Effort.of(hold) : load(address)
      return report(effort)
    }
  }

  /// The first signal ends the measurement. The second one ends the process.
  private func stop(_ scope: Cancellation, on signals: Signals) {
    signal.store(signals.next(), ordering: .relaxed)
    let now = monotonicNow()
    interruption.store(now, ordering: .relaxed)
    pacer.stop(at: now)
    scope.cancel()
    exit(ExitCode.signal(signals.next()))
  }

  /// The first of the host's addresses that answers.
  private func reachableAddress() throws -> Address {
    let deadline = Deadline.after(plan.timeout)
    var problem = NetError.unknownHost(plan.target.host, reason: "it has no address")
    do throws(NetError) {
      for address in try Address.resolve(plan.target.host, port: plan.target.port) {
        do throws(NetError) {
          _ = try TCPConnection.connect(to: address, by: deadline)
          return address
        } catch { problem = error }
      }
    } catch { problem = error }
    let signal = signal.load(ordering: .relaxed)
    if signal != 0 {
      throw Failure(code: ExitCode.signal(signal), message: "interrupted before anything was measured")
    }
    throw Failure(
      code: ExitCode.unreachable,
      message: "cannot reach \(plan.target.authority): \(problem); does the server run there?")
  }

  /// Holds the idle connections, which are the only load, until the time is over or a signal comes.
  private func hold() {
    pacer.begin(at: monotonicNow(), for: plan.duration)
    if let duration = plan.duration {
      try? sleepOrCancelled(.nanoseconds(Int64(clamping: duration)))
    } else {
      _ = try? Channel<Void>().receiveOrCancelled()
    }
  }

  // MARK: the load

  /// Opens the connections, then measures until all requests have their answers. Returns what the measuring cost this process.
  private func load(_ address: Address) -> Effort {
    let gate = Channel<Void>()
    let (opening, working) = (WaitGroup(), WaitGroup())
    let permits = Semaphore(IdleCrowd.atOnce)
    opening.add(plan.connections)
    working.add(plan.connections)
    for index in 0..<plan.connections {
      permits.acquire()
      go { [self] in
        var client = Client(address, timeout: plan.timeout)
        if plan.keepsAlive { try? client.open() }
        permits.release()
        opening.done()
        do {
          _ = try gate.receiveOrCancelled()
          work(&client, tallies[index % tallies.count])
        } catch {}
        reopened.wrappingAdd(max(0, client.opened - 1), ordering: .relaxed)
        working.done()
      }
    }
    opening.wait()
    let isOpenLoop = if case .open = pacer.pace { true } else { false }
    return Effort.of {
      pacer.begin(at: monotonicNow() + (isOpenLoop ? Self.runUp : 0), for: plan.duration)
      gate.close()
      working.wait()
    }
  }

  /// Takes turn after turn and asks the server, until no turn is left.
  private func work(_ client: inout Client, _ tally: Tally) {
    while let turn = pacer.take(at: monotonicNow()) {
      guard awaitMoment(turn.due) else { return }
      let (received, sent, begun) = (client.received, client.sent, monotonicNow())
      let result: Result<Answer, Trouble>
      do throws(Trouble) {
        result = .success(try client.ask(plan.requests[plan.rota[turn.number]], now: begun))
      } catch { result = .failure(error) }
      let ended = monotonicNow()
      tally.add(
        Outcome(
          turn: turn, begun: begun, ended: ended, result: result, received: client.received - received,
          sent: client.sent - sent, isInTime: ended <= pacer.end))
      if case .failure(let trouble) = result, !client.isConnected, pacer.pace == .closed,
        trouble.kind == .refused || trouble.kind == .other
      {
        try? sleepOrCancelled(Self.rest)
      }
    }
  }

  /// Sleeps until `moment`; false: the run was interrupted before.
  private func awaitMoment(_ moment: UInt64) -> Bool {
    let now = monotonicNow()
    if moment <= now { return true }
    do {
      try sleepOrCancelled(.nanoseconds(Int64(moment - now)))
      return true
    } catch { return false }
  }

  // MARK: the end

  private func report(_ effort: Effort) -> Report {
    var counts = Counts()
    for tally in tallies { tally.add(to: &counts) }
    let (start, interruption) = (pacer.start, interruption.load(ordering: .relaxed))
    // A burst ends with its last answer. A run that only holds idle connections ends now, since it is over when this
    // report is made.
    let natural = plan.pace == nil ? monotonicNow() : plan.duration.map { start + $0 } ?? counts.lastEnd
    let end = max(start, min(natural, interruption))
    var unsent = 0
    if plan.pace != nil {
      for (due, count) in pacer.unsent(sent: counts.begun, end: end) {
        counts.addGivenUp(after: end - due, count: count)
        unsent += count
      }
    }
    return Report(
      plan: plan, counts: counts, unsent: unsent, elapsed: end - start,
      isInterrupted: interruption != .max, reopened: reopened.load(ordering: .relaxed),
      idle: plan.idle > 0
        ? Report.Idle(
          wanted: plan.idle, opened: crowd.opened, closed: crowd.closed, failed: crowd.failed,
          cause: crowd.cause) : nil,
      effort: effort)
  }
}
