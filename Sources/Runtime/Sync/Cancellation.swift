// Cancellation: ends the waits of many Gs at once, and tells them why.
//
// §1 The shape. A G may be in a scope, and then so are the Gs that it starts. Cancelling a scope cancels all scopes
// below it. As in Swift's own concurrency it is cooperative, and the rule is the same: **what can throw is cancelled,
// what cannot is not.** A cancelled G goes on running. Its waits on sockets throw, and so do the waits whose name says
// `OrCancelled` (sleep, send, receive, acquire); `select` has a case for being cancelled. `send`, `receive`, `sleep`,
// locks and wait groups wait on. A scope ends with the body of `withCancellation`, and is cancelled then, so no wait
// that can throw outlasts it.
//
// §2 Rejected: registering every wait with its scope. A server's scope has one lock, which every packet would then take
// twice. Instead a scope lists its *Gs*, which join when they start and leave when they end. A cancellable wait only
// says so in a word of its G; to cancel is to walk over the Gs.
//
// §3 The protocol. Sequential consistency orders the flag and the words:
//     wait:    G's word ← open and cancellable (for a socket: pollSide ← side, and its announcement in that side);
//              then flag set? throw
//     cancel:  flag ← set;
//              then, for every G of the scope: open and cancellable? claim it, or ready the side's G
// At least one of the two sides sees the other. A wait is claimed at most once (Claim). A G that waits on a poll side
// (one direction of a descriptor) is made ready without an event, and then looks again. So it does no harm to do that
// to a side whose wait is over already.
//
// §4 The tree. Cancelling goes down without recursion, however deep the tree is, and holds only one scope's lock at a
// time. The thread that sets the flag of a scope (by compare-and-swap) walks over the scope's Gs and children; no other
// thread does. The children whose flags the walker set go onto a list, linked through the scopes themselves, and are
// walked later.
//     enter:   under the parent's lock: put the scope among the parent's children, and its flag ← the parent's
//     cancel:  flag ← set;   then, under its lock: the Gs (§3); flag of each child ← set; those it set, onto the list
// So the walk finds a child, or the child finds the flag. When a walker finds a scope whose flag is set already, it
// leaves that scope to the thread that set the flag. `cancel` that finds the flag set returns at once: another cancel
// is under way.
//
// §5 Who keeps which scope alive. A scope keeps its parent until its body is over, because it must leave the parent's
// list then. Afterwards it is cancelled, and needs its parent no more. So a G that goes on in a scope whose body is
// over keeps only that scope alive, and not all those around it. And no chain of scopes is ever freed link by link, one
// free within the other. CancellationModel has §3 and §4.
//
// §6 Lock order: scope → nothing. Only the G itself changes its membership, under its scope's lock.
import Region
import Synchronization

/// A scope of Gs that can be cancelled together. See `withCancellation`.
///
/// Thread-safe.
public final class Cancellation: @unchecked Sendable {
  // Safe because: the flag is atomic, members and children are touched under `lock`, siblings under the parent's, and
  // the rest only by one G or one walk.
  private enum Cause: UInt8 { case none, cancelled, timedOut }

  private let lock = Lock()
  private let flag = Atomic<UInt8>(0)
  /// The scope around this one, until its body is over. Only the G that runs the body uses it.
  private var parent: Cancellation?
  /// The first of the scope's Gs: slot + 1; 0: none.
  private var members: UInt32 = 0
  private var firstChild: Cancellation?
  private var nextSibling: Cancellation?
  private var previousSibling: Cancellation?
  /// The next scope on the list of a walk (§4). Owner: the thread that set the flag.
  private var nextToWalk: Cancellation?

  fileprivate init(parent: Cancellation?) { self.parent = parent }
  deinit { lock.free() }

  // The load is sequentially consistent: §3.
  /// Whether this scope, or one around it, was cancelled, has ended, or ran out of time.
  public var isCancelled: Bool { flag.load(ordering: .sequentiallyConsistent) != Cause.none.rawValue }

  /// Whether the scope was cancelled because its time, or that of a scope around it, was over.
  public var hasTimedOut: Bool { flag.load(ordering: .relaxed) == Cause.timedOut.rawValue }

  /// Cancels the scope and all scopes below. Must be called from a G. A second call does nothing.
  public func cancel() {
    let m = enterRuntime("Cancellation.cancel")
    m.submit(cancel(.cancelled, by: m))
    leaveRuntime()
  }

  /// Makes a scope without a parent, for a G for which async code waits (Run.swift).
  static func outermost() -> Cancellation { Cancellation(parent: nil) }

  /// Cancels the scope. Returns the Gs that become runnable by this; the caller must put them on a queue.
  func cancelled(by m: M) -> GQueue { cancel(.cancelled, by: m) }

  /// Cancels the scope because its time is over. Returns the Gs that become runnable by this; the caller must put them
  /// on a queue.
  func timedOut(_ m: M) -> GQueue { cancel(.timedOut, by: m) }

  private func cancel(_ cause: Cause, by m: M) -> GQueue {
    var woken = GQueue()
    guard flag(cause) else { return woken }
    var next: Cancellation? = self
    while let scope = next {
      next = scope.nextToWalk.take()
      scope.walk(cause, by: m, waking: &woken, then: &next)
    }
    return woken
  }

  /// Sets the scope's flag, and returns true; false: it was set already.
  private func flag(_ cause: Cause) -> Bool {
    // sequentially consistent: §3
    flag.compareExchange(
      expected: Cause.none.rawValue, desired: cause.rawValue, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Ends the waits of the scope's Gs, and puts the scope's children at the front of `list`.
  private func walk(_ cause: Cause, by m: M, waking woken: inout GQueue, then list: inout Cancellation?) {
    lock.lock()
    defer { lock.unlock() }
    var member = G(link: members)
    while let g = member {
      member = g.nextMember
      if let parked = g.cancelWait() {
        m.readied(parked, m.batchPlace(behind: woken.count))
        woken.append(parked)
      }
    }
    var child = firstChild
    while let scope = child {
      child = scope.nextSibling
      guard scope.flag(cause) else { continue }
      scope.nextToWalk = list
      list = scope
    }
  }

  // MARK: members

  /// Makes `g` a member of the scope. `g` is the running G, or a new one that no other thread can find yet.
  func join(_ g: G) {
    unsafe g.record.pointee.scope = self
    lock.lock()
    let next = G(link: members)
    g.nextMember = next
    g.previousMember = nil
    next?.previousMember = g
    members = g.link
    lock.unlock()
  }

  /// Takes `g`, the running G, out of the scope's members.
  func leave(_ g: G) {
    lock.lock()
    if let previous = g.previousMember {
      previous.nextMember = g.nextMember
    } else {
      members = g.nextMember?.link ?? 0
    }
    g.nextMember?.previousMember = g.previousMember
    lock.unlock()
    unsafe g.record.pointee.scope = nil
  }

  // MARK: the tree

  /// Puts the scope below its parent. Below a cancelled parent the scope is cancelled too.
  fileprivate func enter() {
    guard let parent else { return }
    parent.lock.lock()
    defer { parent.lock.unlock() }
    nextSibling = parent.firstChild
    nextSibling?.previousSibling = self
    parent.firstChild = self
    // under the parent's lock: §4
    flag.store(parent.flag.load(ordering: .relaxed), ordering: .sequentiallyConsistent)
  }

  /// Takes the scope out of the tree. Its body is over, and it is cancelled.
  fileprivate func exit() {
    guard let parent = parent.take() else { return }
    parent.lock.lock()
    defer { parent.lock.unlock() }
    if let previousSibling {
      previousSibling.nextSibling = nextSibling
    } else {
      parent.firstChild = nextSibling
    }
    nextSibling?.previousSibling = previousSibling
    nextSibling = nil
    previousSibling = nil
  }
}

/// Runs `body` in a new scope below the G's own. Gs that are started in it belong to the scope as well. When `body` has
/// returned or thrown, the scope is cancelled. Must be called from a G.
///
/// - Parameters:
///   - timeout: cancels the scope after that time, if it has not ended by then; nil: never.
///   - body: gets the scope, which it may pass on: any code that has the scope can cancel it.
public func withCancellation<Result, Failure: Error>(
  timeout: Duration? = nil, _ body: (Cancellation) throws(Failure) -> Result
) throws(Failure) -> Result {
  let m = enterRuntime("withCancellation")
  guard let g = m.g else { fatal("withCancellation was called outside of a G") }
  let outer = g.scope
  let scope = Cancellation(parent: outer)
  outer?.leave(g)
  scope.enter()
  scope.join(g)
  let timer = timeout.map { TimerDescriptor(.cancel(scope), after: $0, by: m) }
  leaveRuntime()
  defer {
    let m = enterRuntime("withCancellation")
    timer?.giveBack()
    m.submit(scope.ended(m))
    scope.leave(g)
    scope.exit()
    outer?.join(g)
    leaveRuntime()
  }
  return try body(scope)
}

extension Cancellation {
  /// Cancels the scope because its body is over. Returns the Gs that become runnable by this.
  fileprivate func ended(_ m: M) -> GQueue { cancel(.cancelled, by: m) }
}

/// Whether the running G's scope is cancelled.
public var isCancelled: Bool { currentM("isCancelled").g?.isCancelled ?? false }

/// Lets a cancelled G stop in a place where it does not wait, such as a long computation.
/// - Throws: `CancellationError` if the running G's scope is cancelled.
public func checkCancellation() throws(CancellationError) {
  if isCancelled { throw CancellationError() }
}

extension G {
  var scope: Cancellation? { unsafe record.pointee.scope }

  var isCancelled: Bool { unsafe record.pointee.scope?.isCancelled ?? false }

  /// Opens a wait that the G's scope may end, and returns the ticket; nil: the G is cancelled already.
  func openCancellable() -> UInt32? {
    let ticket = wait.open(cancellable: true)
    guard isCancelled else { return ticket }
    _ = wait.claim(ticket, .cancelled)
    return nil
  }

  /// The canceller's half of §3: ends the G's wait. Returns the G to make ready, if any; on a poll side that may be
  /// another G, which has taken this one's place.
  fileprivate func cancelWait() -> G? {
    // sequentially consistent: §3
    let number = unsafe record.pointee.pollSide.load(ordering: .sequentiallyConsistent)
    if let side = PollSide(number: number) { return side.unblock(ready: false) }
    return wait.cancel() == .parked ? self : nil
  }

  fileprivate var nextMember: G? {
    get { unsafe G(link: record.pointee.nextMember) }
    nonmutating set { unsafe record.pointee.nextMember = newValue?.link ?? 0 }
  }

  fileprivate var previousMember: G? {
    get { unsafe G(link: record.pointee.previousMember) }
    nonmutating set { unsafe record.pointee.previousMember = newValue?.link ?? 0 }
  }
}

extension M {
  /// Puts Gs, which must count as runnable already, onto the queue of this M's P.
  func submit(_ batch: consuming GQueue) {
    if batch.count > 0 { pushLocal(batch) }
  }
}
