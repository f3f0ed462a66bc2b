// Channel operations that end when the G's scope is cancelled. For a G without a scope they do what the plain ones do.
import Region

extension ChannelCore {
  /// Sends the value at `element`. True when a receiver or the buffer took it; false: the scope was cancelled first.
  func sendOrCancelled(from element: UnsafeMutableRawPointer) -> Bool {
    let m = enterRuntime("Channel.sendOrCancelled")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("a channel was used outside of a G") }
    if g.isCancelled { return false }
    lock.lock()
    guard case .done(let other) = unsafe sendNow(from: element) else {
      switch unsafe waitOrCancelled(.chanSend, element, g, m) {
      case .granted: return true
      case .cancelled: return false
      case .closed: Self.closedWhileSending(g)
      }
    }
    lock.unlock()
    if let other { m.ready(other) }
    return true
  }

  /// Receives a value into `room`. True when there was one; false: the channel is closed and empty; nil: the scope was
  /// cancelled first.
  func receiveOrCancelled(into room: UnsafeMutableRawPointer) -> Bool? {
    let m = enterRuntime("Channel.receiveOrCancelled")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("a channel was used outside of a G") }
    if g.isCancelled { return nil }
    lock.lock()
    switch unsafe receiveNow(into: room) {
    case .done(let other):
      lock.unlock()
      if let other { m.ready(other) }
      return true
    case .closed:
      lock.unlock()
      return false
    case .wait, .waitForClock:
      switch unsafe waitOrCancelled(.chanReceive, room, g, m) {
      case .granted: return true
      case .cancelled: return nil
      case .closed: return false
      }
    }
  }

  private enum Ending { case granted, cancelled, closed }

  /// Parks `g` in one of the queues until it is served or cancelled. Call under the lock, which this function releases.
  private func waitOrCancelled(
    _ reason: WaitReason, _ element: UnsafeMutableRawPointer, _ g: G, _ m: M
  ) -> Ending {
    guard let ticket = g.openCancellable() else {
      lock.unlock()
      return .cancelled
    }
    let clock = reason == .chanReceive ? clock : nil
    clock?.waits(on: m.p)
    var record = unsafe WaiterRecord(g, ticket: ticket, element: element)
    return unsafe withUnsafeMutablePointer(to: &record) {
      let waiter = unsafe Waiter($0)
      enqueue(waiter, reason)
      m.park(reason, commit: .claimable(HeldLocks(lock)))
      lock.lock()
      dequeue(waiter, reason)
      clock?.leaves()
      lock.unlock()
      if g.wait.outcome == .cancelled { return .cancelled }
      return waiter.granted ? .granted : .closed
    }
  }
}
