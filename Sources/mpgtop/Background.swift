// Work that takes long, on a thread of its own, so that the terminal's thread goes on draining, drawing and reading keys.
internal import Glibc
import Synchronization
import TUI

/// Something that one thread gives to another, and touches no more.
///
/// Safe because it is given away: nobody keeps what is in it.
struct Handed<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// Makes one answer at a time. For one thread, which begins the work and takes what came of it.
struct Background<Answer> {
  /// Where the answer is laid down.
  private final class Desk: Sendable {
    let answer = Mutex<Handed<Answer>?>(nil)
    let waker: Waker
    init(_ waker: Waker) { self.waker = waker }
  }

  private let desk: Desk
  /// Whether work was begun whose answer has not been taken.
  private(set) var isBusy = false

  /// - Parameter waker: woken when an answer is there.
  init(_ waker: Waker) { desk = Desk(waker) }

  /// Begins. Without a thread to be had the work is done at once.
  mutating func begin(_ work: @escaping @Sendable () -> Handed<Answer>) {
    precondition(!isBusy, "one at a time")
    isBusy = true
    let desk = desk
    OwnThread.run {
      let made = work()
      desk.answer.withLock { $0 = made }
      desk.waker.wake()
    }
  }

  /// The answer, once.
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

/// Threads that nobody waits for.
private enum OwnThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func run(_ body: @escaping @Sendable () -> Void) {
    // Owned by the thread, which lets it go.
    let owned = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let problem = unsafe pthread_create(
      &thread, nil,
      { pointer in
        unsafe Unmanaged<Body>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, owned.toOpaque())
    if problem == 0 {
      pthread_detach(thread)
    } else {
      unsafe owned.takeRetainedValue().run()
    }
  }
}
