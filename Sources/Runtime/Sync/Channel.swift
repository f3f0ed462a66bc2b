// Channels: a value goes from one G to another, at once or through a buffer.
//
// Invariants, under the lock:
//   • Waiting senders exist only while the buffer is full (or there is none) and no receiver waits.
//   • Waiting receivers exist only while the buffer is empty and no sender waits.
//   • Whoever takes a G out of a queue has moved the value for it, or (close) says that there was none: `granted`.
// So values keep their order, and the G that waited longest is served first. A G waits with its value (or the room for
// one) on its own stack, which does not move; `GRecord.element` points there.
//
// Source: Go's chan.go.
import Region

/// A channel of `Element`s. With capacity 0 a send waits for its receiver; else up to `capacity` values wait in it.
///
/// Thread-safe; all functions must be called from a G, and park that G, never the thread. As a sequence it yields
/// what it receives until it is closed and empty; several Gs may iterate, each gets what the others do not.
@safe public final class Channel<Element: Sendable>: @unchecked Sendable, Sequence, IteratorProtocol {
  // Safe because: all stored variables are touched under `lock` alone.
  private let lock = Lock()
  private let capacity: Int
  private let buffer: UnsafeMutablePointer<Element>
  private var first = 0
  private var count = 0
  private var isClosed = false
  private var senders = GQueue()
  private var receivers = GQueue()

  /// - Parameter capacity: values that may wait in the channel; not negative.
  public init(capacity: Int = 0) {
    precondition(capacity >= 0, "a channel's capacity is not negative")
    self.capacity = capacity
    unsafe buffer = .allocate(capacity: Swift.max(capacity, 1))
  }

  deinit {
    for index in 0..<count { unsafe (buffer + (first + index) % capacity).deinitialize(count: 1) }
    unsafe buffer.deallocate()
    lock.free()
  }

  /// Sends `value`; parks the G until a receiver or the buffer has it. A send on a closed channel ends the process.
  public func send(_ value: Element) {
    var value = value
    let m = currentM("Channel.send")
    lock.lock()
    if isClosed { fatal("send on a closed channel by \(m.g.map { "goroutine \($0.id)" } ?? "?")") }
    if let receiver = receivers.popFirst() {
      unsafe receiver.room(Element.self).pointee = value
      receiver.granted = true
      lock.unlock()
      return m.ready(receiver)
    }
    if count < capacity {
      unsafe (buffer + (first + count) % capacity).initialize(to: value)
      count += 1
      return lock.unlock()
    }
    let granted = unsafe withUnsafeMutablePointer(to: &value) { unsafe wait(with: $0, .chanSend, m) }
    if !granted { fatal("the channel was closed while goroutine \(currentM("send").g?.id ?? 0) was sending") }
  }

  /// Receives the next value; parks the G until there is one. nil when the channel is closed and empty.
  public func receive() -> Element? {
    let m = currentM("Channel.receive")
    lock.lock()
    if count > 0 { return takeBuffered(m) }
    if let sender = senders.popFirst() {
      let value = unsafe sender.value(Element.self).pointee
      sender.granted = true
      lock.unlock()
      m.ready(sender)
      return value
    }
    if isClosed {
      lock.unlock()
      return nil
    }
    var value: Element?
    _ = unsafe withUnsafeMutablePointer(to: &value) { unsafe wait(with: $0, .chanReceive, m) }
    return value
  }

  /// Takes from the buffer and lets the sender that waited longest fill the room. Under the lock, which it releases.
  private func takeBuffered(_ m: M) -> Element {
    let value = unsafe (buffer + first).move()
    first = (first + 1) % capacity
    count -= 1
    guard let sender = senders.popFirst() else {
      lock.unlock()
      return value
    }
    unsafe (buffer + (first + count) % capacity).initialize(to: sender.value(Element.self).pointee)
    count += 1
    sender.granted = true
    lock.unlock()
    m.ready(sender)
    return value
  }

  /// Parks the running G in one of the queues, with its value or the room for one at `element`. Under the lock, which
  /// the park releases. Whether the operation was carried out (else the channel was closed).
  private func wait(
    with element: UnsafeMutableRawPointer, _ reason: WaitReason, _ m: M
  ) -> Bool {
    guard let g = m.g else { fatal("a channel was used outside of a G") }
    unsafe g.record.pointee.element = element
    g.granted = false
    if reason == .chanSend { senders.append(g) } else { receivers.append(g) }
    m.park(reason, commit: .unlock(lock))
    unsafe g.record.pointee.element = nil
    return g.granted
  }

  /// Closes the channel: what is in it can still be received; waiting receivers get nil. To close twice, or while
  /// somebody sends, ends the process.
  public func close() {
    let m = currentM("Channel.close")
    lock.lock()
    if isClosed { fatal("close of a closed channel") }
    isClosed = true
    var waiting = receivers
    receivers = GQueue()
    waiting.append(senders)
    senders = GQueue()
    lock.unlock()
    while let g = waiting.popFirst() { m.ready(g) }
  }

  /// The next value; nil when the channel is closed and empty.
  public func next() -> Element? { receive() }
}

extension G {
  /// Where a waiting receiver wants its value.
  fileprivate func room<T>(_: T.Type) -> UnsafeMutablePointer<T?> {
    unsafe record.pointee.element.unsafelyUnwrapped.assumingMemoryBound(to: T?.self)
  }

  /// Where a waiting sender keeps its value.
  fileprivate func value<T>(_: T.Type) -> UnsafeMutablePointer<T> {
    unsafe record.pointee.element.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  }
}
