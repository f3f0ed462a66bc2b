// Cancellation: ending the waits of many Gs at once, and telling them why.
//
// §1 The shape. A G may be in a scope, and so are the Gs that it starts. Cancelling the scope cancels what is below it.
// As in Swift's own concurrency it is cooperative, and the rule is the same: **what can throw is cancelled, what cannot
// is not.** A cancelled G goes on running; its waits on sockets throw, and so do the waits whose name says `OrCancelled`
// (sleep, send, receive, acquire); `select` has a case for it. `send`, `receive`, `sleep`, locks and wait groups wait on.
// A scope ends with the body of `withCancellation`, and is cancelled then: nothing that waits in it outlives it.
//
// §2 Rejected: registering every wait with its scope. The one lock of a server's scope would then be taken twice for
// every packet. Instead a scope lists its *Gs*, which join when they start and leave when they end. A wait that can be
// cancelled only says so in a word of its G; to cancel is to walk over the Gs.
//
// §3 The protocol. The flag and the words are ordered by sequential consistency:
//     wait:    G's word ← open and cancellable (or: pollSide ← side, and the announcement in it);   then flag set? throw
//     cancel:  flag ← set;   then, for every G of the scope: open and cancellable? claim it, or wake the side's G
// At least one of the two sees the other. A wait is claimed at most once (Claim). A side is woken without news, which
// its G understands as "look again", so to wake it for a wait that is over already does no harm.
//
// §4 The tree. Cancelling goes down without recursion, however deep the tree is, and holds the lock of one scope at a time.
// Who sets the flag of a scope, by compare-and-swap, and nobody else, walks over its Gs and its children; children whose
// flags it set wait for their turn on a list that goes through them.
//     enter:   under the parent's lock: among its children, and the flag ← the parent's
//     cancel:  flag ← set;   then, under its lock: the Gs (§3); flag of each child ← set; those it set, onto the list
// So a child is found by the walk, or finds the flag. A scope that is flagged while another walks above it has been, or
// will be, walked by whoever flagged it. `cancel` that finds the flag set returns at once: another is under way.
//
// §5 Who keeps whom. A scope keeps the one around it until its body is over, for it is taken out of there then; afterwards
// it needs it no more, since it is cancelled. So a G that goes on in a scope whose body is over keeps that scope only, and
// not all those around it, and no chain of scopes is ever freed link by link, one within the other. CancellationModel has
// §3 and §4.
//
// §6 Lock order: scope → nothing. A G's membership changes only on that G, under its scope's lock.
import Region
import Synchronization

/// A scope of Gs that can be cancelled together. See `withCancellation`.
///
/// Thread-safe.
public final class Cancellation: @unchecked Sendable {
  // Safe because: the flag is atomic, members and children are touched under `lock`, siblings under the parent's, and the
  // rest by one who is alone with it.
  private enum Cause: UInt8 { case none, cancelled, timedOut }

  private let lock = Lock()
  private let flag = Atomic<UInt8>(0)
  /// The scope around it, until its body is over. Its G's own.
  private var parent: Cancellation?
  /// The first of its Gs: slot + 1; 0: none.
  private var members: UInt32 = 0
  private var firstChild: Cancellation?
  private var nextSibling: Cancellation?
  private var previousSibling: Cancellation?
  /// The next on the list of a walk (§4). Of whoever set the flag.
  private var nextToWalk: Cancellation?

  fileprivate init(parent: Cancellation?) { self.parent = parent }
  deinit { lock.free() }

  /// Whether it, or a scope around it, was cancelled, ended, or ran out of time.
  public var isCancelled: Bool { flag.load(ordering: .sequentiallyConsistent) != Cause.none.rawValue }  // §3

  /// Whether it was cancelled because its time, or that of a scope around it, was over.
  public var hasTimedOut: Bool { flag.load(ordering: .relaxed) == Cause.timedOut.rawValue }

  /// Cancels it and all scopes below. Must be called from a G. Twice does no harm.
  public func cancel() {
    let m = enterRuntime("Cancellation.cancel")
    m.submit(cancel(.cancelled, by: m))
    leaveRuntime()
  }

  /// One that is below no other: for a G that async code waits for (Run.swift).
  static func outermost() -> Cancellation { Cancellation(parent: nil) }

  /// Cancels it. The Gs that this wakes, which the caller puts on a queue.
  func cancelled(by m: M) -> GQueue { cancel(.cancelled, by: m) }

  /// Its time is over. The Gs that this wakes, which the caller puts on a queue.
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

  /// Sets the flag; false: it was set.
  private func flag(_ cause: Cause) -> Bool {
    // sequentially consistent: §3
    flag.compareExchange(
      expected: Cause.none.rawValue, desired: cause.rawValue, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Ends the waits of its Gs, and puts its children before `list`.
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

  /// Makes `g` one of its Gs. `g` is the running G, or not yet known to anybody.
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

  /// `g`, the running G, is no longer one of its Gs.
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

  /// Puts it below its parent; a scope below a cancelled one is cancelled.
  fileprivate func enter() {
    guard let parent else { return }
    parent.lock.lock()
    defer { parent.lock.unlock() }
    nextSibling = parent.firstChild
    nextSibling?.previousSibling = self
    parent.firstChild = self
    flag.store(parent.flag.load(ordering: .relaxed), ordering: .sequentiallyConsistent)  // under the lock
  }

  /// Takes it out of the tree: its body is over, and it is cancelled.
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

/// Runs `body` in a new scope below the G's own. Gs started in it belong to the scope as well. When `body` has returned
/// or thrown, the scope is cancelled.
///
/// - Parameter timeout: cancels the scope by itself after that time; nil: never.
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
  /// The body is over. The Gs that this wakes.
  fileprivate func ended(_ m: M) -> GQueue { cancel(.cancelled, by: m) }
}

/// Whether the running G's scope is cancelled.
public var isCancelled: Bool { currentM("isCancelled").g?.isCancelled ?? false }

/// Throws if the running G's scope is cancelled.
public func checkCancellation() throws(CancellationError) {
  if isCancelled { throw CancellationError() }
}

extension G {
  var scope: Cancellation? { unsafe record.pointee.scope }

  var isCancelled: Bool { unsafe record.pointee.scope?.isCancelled ?? false }

  /// Opens a wait that its scope may end; its ticket. nil: it is cancelled already.
  func openCancellable() -> UInt32? {
    let ticket = wait.open(cancellable: true)
    guard isCancelled else { return ticket }
    _ = wait.claim(ticket, .cancelled)
    return nil
  }

  /// The canceller's half: ends its wait. The G to make ready, if any; a side may have been taken by another one.
  fileprivate func cancelWait() -> G? {
    let number = unsafe record.pointee.pollSide.load(ordering: .sequentiallyConsistent)  // §3
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
  /// Lets Gs run that were readied already.
  func submit(_ batch: consuming GQueue) {
    if batch.count > 0 { pushLocal(batch) }
  }
}
