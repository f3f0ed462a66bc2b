// `MPG.await`: a G waits for an async function.
//
// §1 The function runs in a task of its own; the G parks. Three sides meet: the G, the task that ends, and the
// canceller of the G's scope. Swift's rule holds: to cancel is only to ask. So a cancelled G wakes up, cancels the
// task, and waits on, this time for the task alone. Whatever the function makes of that (a result, an error) is the
// result.
//
// §2 The protocol. `state` holds 0, the ticket of the G's wait (Claim.swift), or `done`.
//     G:     A1  opens its wait; in the first round cancelling its scope can end that wait too
//            A2  state ← ticket, unless it is `done`: then it closes the wait and goes on
//            A3  parks; the commit (W4 of Claim) fails if the wait was ended meanwhile
//            A4  awake: if the task ended the wait, or the state is `done` by now, goes on. Else it was cancelled:
//                cancels the task, and begins again at A1
//     task:  F1  stores the result;  F2  state ← done, by exchange
//            F3  if that replaced a ticket: claims the wait with it, and makes the G ready if it was parked
// A2 and F2 are read-modify-writes of one word: one of them comes first, and the other sees it. F2 releases the result,
// and A2 or A4 acquires it.
//
// §3 What would break it. A2 before A1: the task claims a ticket that is not open yet, so its claim fails, and the G
// sleeps for ever. A2 as a plain store: it overwrites `done`. F1 after F2: the G takes a result that is not there. F3
// without the claim: the task wakes the G of a later wait, or the same G twice. A4 without the look at `done` breaks
// nothing: a G that was cancelled as the task ended finds `done` at its next A2, so the look only saves that round. See
// AwaitModel.
//
// §4 The task may end on a thread that is no M. Outside.swift says how such a thread makes the G ready.
import Region
import Synchronization

/// Runs an async function in a task of its own, parks the running G until it has ended, and returns what it returned,
/// or throws what it threw.
///
/// ```swift
/// func area(_ width: Int, _ height: Int) async -> Int { width * height }
///
/// let answer = MPG.await { await area(6, 7) }
/// ```
/// Must be called from a G. The task inherits priority and task-locals if the G runs a job of a task. When the G's
/// scope is cancelled, the task is cancelled too. The G still waits until the function has ended; the function decides
/// when.
public func `await`<Result: Sendable, Failure: Error>(
  _ body: sending @escaping () async throws(Failure) -> Result
) throws(Failure) -> Result {
  guard let g = enterRuntime("MPG.await").g else { fatal("MPG.await was called outside of a G") }
  leaveRuntime()
  let awaited = Awaited<Result, Failure>(g)
  let handed = Handed(value: body)
  let task = Task {
    do throws(Failure) {
      awaited.finish(.success(try await handed.value()))
    } catch {
      awaited.finish(.failure(error))
    }
  }
  if !awaited.wait(cancellable: true) {
    task.cancel()
    _ = awaited.wait(cancellable: false)
  }
  return try awaited.result.get()
}

/// Hands the outcome of the task to the G that waits for it.
///
/// Safe because: `outcome` is written before `state` becomes `done`, and read only afterwards.
private final class Awaited<Success: Sendable, Failure: Error>: @unchecked Sendable {
  private static var done: UInt64 { .max }  // not a possible ticket: tickets have 32 bits

  private let g: G
  private let state = Atomic<UInt64>(0)
  private var outcome: Result<Success, Failure>?

  init(_ g: G) { self.g = g }

  var result: Result<Success, Failure> {
    guard let outcome else { fatal("goroutine \(g.id) goes on before what it awaits has ended") }
    return outcome
  }

  /// Parks until the task has ended (A1 to A4 of §2). Returns false if the G's scope was cancelled first.
  func wait(cancellable: Bool) -> Bool {
    let m = enterRuntime("MPG.await")
    defer { leaveRuntime() }
    guard let ticket = cancellable ? g.openCancellable() : g.wait.open() else { return false }  // A1 of §2
    let old = state.load(ordering: .acquiring)
    if old == Self.done || !announce(ticket, after: old) {
      _ = g.wait.claim(ticket, .place(0))
      return true
    }
    m.park(.await, commit: .claimable(.none))  // A3 of §2
    return g.wait.outcome != .cancelled || state.load(ordering: .acquiring) == Self.done  // A4 of §2
  }

  /// Puts the ticket of the G's wait into `state`, for the task to find when it ends (A2 of §2). Returns false if the
  /// task has ended meanwhile.
  private func announce(_ ticket: UInt32, after old: UInt64) -> Bool {
    state.compareExchange(expected: old, desired: UInt64(ticket), ordering: .acquiringAndReleasing).exchanged
  }

  /// Stores the task's outcome, and ends the wait of the G if it waits (F1 to F3 of §2). Called once, by the task, on
  /// any thread.
  func finish(_ outcome: Result<Success, Failure>) {
    self.outcome = outcome
    let ticket = state.exchange(Self.done, ordering: .acquiringAndReleasing)
    guard ticket != 0 else { return }
    Outside.act("MPG.await") { m in
      guard g.wait.claim(UInt32(truncatingIfNeeded: ticket), .place(0)) == .parked else { return }
      let place = m.anyPlace
      m.readied(g, place)
      m.submitAnywhere(g, place)
    }
  }
}
