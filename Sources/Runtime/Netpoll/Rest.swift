// Rest: a G that waits for a descriptor without a stack.
//
// §1 The problem. Most of what a waiting G takes is its stack: a page at least, and its share of page tables. A server's idle
// connections wait for minutes, and nothing of what lies on their stacks is needed meanwhile.
//
// §2 The design. Before its body returns, a G may say what it will do next, and for which descriptor it waits until then. Once the
// body has returned, nothing on the stack is in use, so the G does not end: it announces itself at the descriptor as for any
// wait (PollDescriptor §1), leaves its stack for good, and the M gives that stack back. Then the G waits like any other: it
// is counted, seen and ended in the same way, and has the same id. When it is made ready and found by an M, it has no stack, as
// a G before its first turn has none, and gets one in the same way; there the new body begins.
//
// §3 The order. The stack is given back before the G's wait is committed. From the commit on another M may find the G, and give it a
// new stack: an M that gave back the stack only afterwards would take that one away. ParkModel has it.
//
// §4 The announcement is taken out of the word on the new stack, before the new body. So a wait of another G, news, deadlines, closing
// and cancelling meet a resting G as they meet one that waits with its stack.
import CMPG
import Region

extension Pollable {
  /// Has the running G go on with `body` once its present body has returned and the descriptor may be ready for `direction`. In
  /// between the G has no stack. It stays the same G, in the same scope.
  ///
  /// As before a `wait`, the system call must have failed with EAGAIN: what was there before is not told again.
  ///
  /// A return of the present body with an error ends the process, as always. `body` begins as soon as a `wait` would have ended, for
  /// whatever reason: try the system call, and `wait`, which tells the reason. Call it from a G that runs no job of a Swift task, once
  /// for each body.
  public func rest(until direction: Direction, then body: sending @escaping () throws -> Void) {
    let m = enterRuntime("Pollable.rest")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("Pollable.rest was called outside of a G") }
    guard g.home == nil else { fatal("Pollable.rest was called in a job, which ends with its stack") }
    guard !g.hasBody else { fatal("goroutine \(g.id) called Pollable.rest twice") }
    let next: () throws -> Void = { [self] in
      endRest(direction)
      try body()
    }
    unsafe g.record.pointee.body = { [self] in beginRest(direction, then: next) }
  }

  /// Announces the running G, whose body has returned, and asks its M for the park; or asks for nothing, if the G need not wait.
  /// Call inside of the runtime.
  private func beginRest(_ direction: Direction, then next: @escaping () throws -> Void) {
    guard let m = M.current, let g = m.g else { return }
    unsafe g.record.pointee.body = next
    let side = descriptor.side(direction)
    // A canceller that sets its flag from here on finds the side: Cancellation §3.
    if g.scope != nil { g.setPollSide(side) }
    switch announce(g, side, direction, m, true) {
    case .news: _ = goesOn(g, side, .news, true)
    case .tooLate, .made(mayPark: false): break
    case .made(mayPark: true): m.ask(.park, reason(direction), on: UInt64(fd + 1), commit: .rest(side))
    }
  }

  /// Takes the G, which goes on, out of the descriptor's word.
  private func endRest(_ direction: Direction) {
    let m = enterRuntime("Pollable.rest")
    defer { leaveRuntime() }
    guard let g = m.g else { return }
    let side = descriptor.side(direction)
    let ending = side.conclude(g)
    if g.scope != nil { g.setPollSide(nil) }
    guard !goesOn(g, side, ending, true), case .displaced = ending, !descriptor.isClosed, !side.isExpired
    else { return }
    twoWait(g, side, direction)
  }
}

extension G {
  /// Whether there is a body that the G has not begun.
  var hasBody: Bool { unsafe record.pointee.body != nil }

  /// Begins the rest of the G, whose body has returned. False: the G need not wait, and goes on with its next body.
  @inline(never)
  func beginRest(_ m: M) -> Bool {
    m.ask(.exit)
    let begin = unsafe record.pointee.body.take()
    try? begin?()
    return m.request == .park
  }
}

extension M {
  /// Settles the rest of a G that has left its stack for good and is counted as waiting: §3.
  func settleRest(_ g: G, at side: PollSide) {
    unsafe mpg_fiber_retire(&g.record.pointee.fiber)
    unsafe g.record.pointee.fiber.sp = nil
    if let stack = unsafe g.record.pointee.stack.take() { unsafe p.giveBack(stack: stack) }
    if !side.commit(g) { makeReady(g) }
    if sched.hasStackless { takeUpStackless() }
  }
}
