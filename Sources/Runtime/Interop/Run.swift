// `MPG.run`: async code waits for a G.
//
// The G is in a scope of its own, which ends with its body. Cancelling the task cancels that scope. The G itself
// resumes the task, from user code; Swift then enqueues the task on whichever executor it wants.
import Region

/// A value that one thread or G hands over to another for good.
///
/// Safe because: `sending` guarantees that no other code has the value, and the value is taken out once.
struct Handed<Value>: @unchecked Sendable {
  let value: Value
}

/// Runs `body` as a G, and returns what it returns, or throws what it throws. The task waits, but no thread does.
///
/// May be called from any task on any executor, once `MPG.main` has begun. When the task is cancelled, the G's scope is
/// cancelled too: a wait in it that can throw does throw, as everywhere (`withCancellation`). Gs that `body` starts
/// belong to that scope, which ends with `body`. Screens name the G by the place of this call.
public func run<Result: Sendable, Failure: Error>(
  file: StaticString = #fileID, function: StaticString = #function, line: Int = #line,
  _ body: sending @escaping () throws(Failure) -> Result
) async throws(Failure) -> Result {
  let scope = Cancellation.outermost()
  let handed = Handed(value: body)
  let outcome: Swift.Result<Result, Failure> = await withTaskCancellationHandler {
    unsafe await withUnsafeContinuation { continuation in
      spawn(in: scope, file, function, line) {
        let outcome = Swift.Result(catching: handed.value)
        scope.cancel()
        unsafe continuation.resume(returning: outcome)
      }
    }
  } onCancel: {
    Outside.act("MPG.run") { $0.submitAnywhere(scope.cancelled(by: $0)) }
  }
  return try outcome.get()
}

/// Starts a G, from any thread.
private func spawn(
  in scope: Cancellation, _ file: StaticString, _ function: StaticString, _ line: Int,
  _ body: @escaping () -> Void
) {
  Outside.act("MPG.run") { m in
    let site = SpawnSite(file, function, line)
    let entry =
      m.heldP?.entry(file, function, line)
      ?? sched.interner.id(site, file: file, function: function, in: sched.region)
    m.spawnAnywhere(entry: entry, kind: .user) {
      unsafe $0.record.pointee.body = body
      scope.join($0)
    }
  }
}
