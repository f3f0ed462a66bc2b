// Long work runs on a separate thread, so that the terminal's thread can keep draining, drawing and reading keys.
import Inspector
import Synchronization
import TUI

/// A value that one thread hands to another and does not touch afterwards.
///
/// Safe because only the receiving thread uses the value.
struct Handed<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// Computes one answer at a time on another thread. Not thread-safe: one thread begins the work and takes the answer.
struct Background<Answer> {
  /// The place where the thread that does the work leaves the answer, for the thread that began the work to
  /// take.
  private final class Desk: Sendable {
    let answer = Mutex<Handed<Answer>?>(nil)
    let waker: Waker
    init(_ waker: Waker) { self.waker = waker }
  }

  private let desk: Desk
  /// Whether work was begun and its answer has not been taken yet.
  private(set) var isBusy = false

  /// - Parameter waker: is woken when an answer is ready.
  init(_ waker: Waker) { desk = Desk(waker) }

  /// Begins the work on a new thread. If no thread can be started, the work runs at once on the caller's thread.
  mutating func begin(_ work: @escaping @Sendable () -> Handed<Answer>) {
    precondition(!isBusy, "one at a time")
    isBusy = true
    let desk = desk
    let body: @Sendable () -> Void = {
      let made = work()
      desk.answer.withLock { $0 = made }
      desk.waker.wake()
    }
    if !OwnThread.begin(body) { body() }
  }

  /// Takes the answer of the work that was begun; nil: there is no answer yet, or it was taken already.
  mutating func take() -> Answer? {
    guard isBusy,
      let made = desk.answer.withLock({ answer in
        defer { answer = nil }
        return answer
      })
    else { return nil }
    isBusy = false
    return made.value
  }
}
